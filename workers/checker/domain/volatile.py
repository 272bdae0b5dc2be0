"""What changes with every run and says nothing about the results: rules, as data.

A rule that is not certain needs its context: a date counts as content unless the words beside it say that it is the
date of the run, or it stands alone in the title block of a document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DAY = r"(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,?"
_DATE = (
    rf"(?:{_DAY} )?(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{4}}|"
    rf"\d{{1,2}}(?:st|nd|rd|th|\.)? {_MONTH},? \d{{4}}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})"
)
_CLOCK = (
    r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?: ?[AaPp]\.?[Mm]\.?)?(?: ?(?:Z|UTC|GMT|[A-Z]{3,4}|[+-]\d{2}:?\d{2}))?"
)
_STAMP = rf"(?:{_DATE}(?:,? (?:at )?|T){_CLOCK}|{_DAY} {_MONTH} {{1,2}}\d{{1,2}} {_CLOCK} (?:[A-Z]{{3,4}} )?\d{{4}})"
_MOMENT = rf"(?:{_STAMP}|{_DATE})"
_MADE = (
    r"(?:\b(?:generated|rendered|compiled|knitted|knit)|"
    r"(?:^|(?<=[.;|(] )|\b(?:document|page|report|article|notebook|paper|site) (?:was )?)"
    r"last (?:updated|modified|run|built|compiled))(?: (?:on|at|by \w{1,20} (?:on|at)))?:?"
)
_LABEL = (
    r"^(?:(?:created|updated|modified|printed|exported|produced|processed|run|executed|built)(?: (?:on|at))?:?|"
    r"(?:date|time ?stamp|time|today|datum):|today is)"
)
_LABEL_ENDS = r"(?=\s{0,9}[.)\]]?\s{0,9}$|\s{0,9}[,;|]| [A-Z][^:.]{0,40}:)"
"""What may follow a moment that a word at the start of a passage names: a sentence that goes on says something else."""
_QUANTITY = (
    r"\d{1,9}(?:[.,]\d{1,9})? ?"
    r"(?:ns|µs|μs|us|ms|s|secs?|seconds?|mins?|minutes?|m|hours?|hrs?|h)(?![a-zA-Z])"
)

_NO_STATISTIC = "".join(
    f"(?<!{word} )" for word in ("mean", "median", "average", "minimum", "maximum", "shortest", "longest", "expected")
)
_GOES_ON = (
    r"(?! (?!to (?:run|complete|finish|execute|fit|compute|render|train)\b|on this\b|in total\b|total\b|and \d)[a-z])"
)
"""A sentence that says more of a time than how long it was reports a result."""


@dataclass(frozen=True)
class Volatile:
    """A rule: what it is called where it is shown, and what it matches.

    Of a match only the group `kept` counts, when there is one. A rule for a `whole` passage matches it from end to end,
    and such a passage may also be there on one side only.
    """

    name: str
    pattern: re.Pattern[str]
    whole: bool = False
    needs: str = ""
    """Letters of which a passage must have one for the rule to be tried; any passage will do when there are none."""
    title: bool = False
    """Whether it holds only in the title block of a document, and where both sides have such a passage."""


DATE = "date of the run"
RULES = (
    Volatile(
        "memory address",
        re.compile(
            r"(?P<kept>(?:<(?:[\w .:]{1,60}[: ])?|\bat:? |\b(?:address|pointer|ptr|environment|namespace):? ))"
            r"0x[0-9a-fA-F]{6,16}\b"
        ),
        needs="x",
    ),
    Volatile(
        "generated identifier",
        re.compile(
            r"\b(?:htmlwidget|altair-viz|plotly|leaflet|vis|DataTables_Table|bokeh|fig-el|tabset|accordion)[-_]"
            r"[0-9a-f]{6,40}\b|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
        ),
        needs="-_",
    ),
    Volatile(
        "temporary path",
        re.compile(
            r"(?:/private)?(?:/tmp|/var/tmp|/var/folders)/[\w.+@~/-]{0,300}|/[\w.+@/-]{0,200}/Rtmp\w{6}[\w.+@~/-]{0,200}|"
            r"[A-Z]:[\\/]Users[\\/][^\\/\s]{1,60}[\\/]AppData[\\/]Local[\\/]Temp[\w.+@~\\/-]{0,300}"
        ),
        needs="/\\",
    ),
    Volatile(
        "folder of a file",
        re.compile(
            r"(?<![\w./:])(?:/(?:home|Users|root|erc|mnt|data|opt|usr|srv|workspace|content|kaggle|builds?|work|scratch)"
            r"(?:/[\w.+@~-]{1,100}){0,20}|[A-Z]:(?:[\\/][\w.+@~ -]{1,100}){0,20})[\\/](?P<kept>[\w.+@~-]{1,100})"
        ),
        needs="/\\",
    ),
    Volatile(
        DATE,
        re.compile(rf"(?P<kept>{_MADE} {{0,9}}){_MOMENT}(?![\w/])", re.IGNORECASE),
    ),
    Volatile(DATE, re.compile(rf"(?P<kept>{_LABEL} {{0,9}}){_MOMENT}(?![\w/])(?i:{_LABEL_ENDS})", re.IGNORECASE)),
    Volatile("time of the run", re.compile(rf"^(?P<kept>Time: {{1,20}}){_CLOCK}"), needs=":"),
    Volatile(DATE, re.compile(rf"{_MOMENT}\.?", re.IGNORECASE), whole=True, title=True),
    Volatile("run time", re.compile(rf"Time difference of {_QUANTITY}", re.IGNORECASE)),
    Volatile(
        "run time",
        re.compile(
            rf"(?P<kept>(?:{_NO_STATISTIC}"
            r"\b(?:elapsed|run ?time|running time|execution time|computation time|wall time|cpu time|"
            r"time elapsed|(?:code|script|computation|fitting|execution|sampling|rendering|knitting) took)|"
            r"^(?:took|finished in|completed in|done in))"
            rf"(?: time)?(?: \((?:s|sec|seconds)\))?(?: was| is| of)?[:=]? {{0,9}}){_QUANTITY}{_GOES_ON}",
            re.IGNORECASE,
        ),
    ),
    Volatile("run time", re.compile(rf"CPU times: .{{0,200}}|Wall time: {_QUANTITY}(?: {_QUANTITY})?"), whole=True),
    Volatile("run time", re.compile(rf"{_QUANTITY} ± {_QUANTITY} per loop .{{0,200}}"), whole=True),
    Volatile("run time", re.compile(r"(?:real|user|sys) {1,9}\d{1,5}m\d{1,2}[.,]\d{1,3}s"), whole=True),
    Volatile(
        "progress bar",
        re.compile(r"[^=]{0,200}\d{1,3}%\|[█▏▎▍▌▋▊▉# ]{0,200}\| [^=]{0,200}(?:it/s|s/it)[^=]{0,40}"),
        whole=True,
    ),
    Volatile(
        "start message of a package",
        re.compile(
            r"(?:## )?(?:[✔✓] \S{1,40} {1,30}\d{1,5}(?:[.-]\d{1,5}){2,4}"
            r"(?: {1,30}[✔✓] \S{1,40} {1,30}\d{1,5}(?:[.-]\d{1,5}){2,4})?|"
            r"── Attaching .{0,200}|Loading required package: .{1,80}|"
            r"Warning: package ['‘’]\S{1,40}['‘’] was built under R version [\d.]{1,12})"
        ),
        whole=True,
    ),
)

_SHORTEST = 6
_WHOLE = [rule for rule in RULES if rule.whole]
_WITHIN = [rule for rule in RULES if not rule.whole]

SESSION = "session information"
_SESSION_FIRST = re.compile(
    r"(?:## )?(?:R version \d[\d.]{1,10} .{0,60}\(\d{4}-\d\d-\d\d.{0,30}|[─-]{1,20} ?Session info ?[─-]{0,200})"
)
_SESSION_LINE = re.compile(
    r"(?:##)? ?(?:Platform: .{0,120}|Running under: .{0,120}|Matrix products: .{0,80}|BLAS(?:/LAPACK)?: .{0,300}|"
    r"LAPACK: .{0,300}|LC_.{0,300}|time zone: .{0,80}|tzcode source: .{0,80}|"
    r"setting value|version R version .{1,80}|os \S{1,30} [\d.]{1,20}.{0,60}|system \S{1,30}, \S{1,30}|ui \S{1,30}|"
    r"language \(?\w{1,20}\)?|(?:collate|ctype|tz) \S{1,40}|date \d{4}-\d\d-\d\d|(?:pandoc|rstudio|quarto) \d.{1,200}|"
    r"[─-]{1,20} ?(?:Packages|Python configuration) ?[─-]{0,200}|package \* version .{0,80}|"
    r"[A-Za-z][\w.]{1,40} (?:\* )?\d[\w.-]{0,30} \d{4}-\d\d-\d\d .{0,120}|"
    r"\[\d\] [/A-Z].{1,200}[\\/]library|[─-]{3,200})"
)
_PACKAGE = r"[A-Za-z][\w.]{1,60}_\d[\w.-]{0,30}"
_SESSION_LISTS = (
    (re.compile(r"locale:.{0,400}"), re.compile(r"\[\d{1,4}\] (?:LC_|C\b|[a-z]{2}_|[A-Z][a-z]{1,20}_).{0,300}")),
    (
        re.compile(r"attached base packages:"),
        re.compile(
            r"\[\d{1,4}\](?: (?:stats4?|graphics|grDevices|utils|datasets|methods|base|grid|parallel|splines|tcltk|"
            r"tools|compiler)){1,20}"
        ),
    ),
    (
        re.compile(r"other attached packages:|loaded via a namespace \(and not attached\):"),
        re.compile(rf"\[\d{{1,4}}\](?: {_PACKAGE}){{1,20}}"),
    ),
)
"""Heads of lists in session information, and the lines that they stand over; such a line counts anywhere else."""
_TIMES_HEAD = re.compile(r"(?:## )?user system elapsed")
_TIMES = re.compile(r"(?:## )?(?: ?\d{1,9}\.\d{1,4}){3}")
_TIMING = "run time"


def found_in(text: str) -> list[tuple[int, int, str, str]]:
    """Return what is volatile in a passage, in order and without overlap: (start, end, rule, what counts of it)."""
    spans = []
    if len(text) < _SHORTEST:
        return []
    for rule in _WITHIN:
        if rule.needs and not any(letter in text for letter in rule.needs):
            continue
        for match in rule.pattern.finditer(text):
            kept = match.groupdict().get("kept") or ""
            spans.append((match.start(), match.end(), rule.name, kept.strip()))
    spans.sort(key=lambda span: (span[0], -span[1]))
    chosen: list[tuple[int, int, str, str]] = []
    for span in spans:
        if not chosen or span[0] >= chosen[-1][1]:
            chosen.append(span)
    return chosen


def whole_rule(text: str, *, in_title: bool) -> str:
    """Return the rule by which a whole passage is volatile; '' when there is none."""
    if not _SHORTEST <= len(text) <= 600:
        return ""
    fits = (rule for rule in _WHOLE if (in_title or not rule.title) and rule.pattern.fullmatch(text))
    return next((rule.name for rule in fits), "")


def blocks(passages: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Return the runs of passages that are one volatile block: (first, behind the last, rule)."""
    at = 0
    while at < len(passages):
        end = _block_end(passages, at)
        if end > at:
            yield at, end, _TIMING if _TIMES_HEAD.fullmatch(passages[at].strip()) else SESSION
        at = max(end, at + 1)


def _block_end(passages: Sequence[str], at: int) -> int:
    first = " ".join(passages[at].split())
    if _TIMES_HEAD.fullmatch(first):
        follows = at + 1 < len(passages) and _TIMES.fullmatch(" ".join(passages[at + 1].split()))
        return at + 2 if follows else at
    if not _SESSION_FIRST.fullmatch(first[:400]):
        return at
    end = at + 1
    listed: re.Pattern[str] | None = None
    while end < len(passages):
        plain = " ".join(passages[end][:800].split()).removeprefix("##").strip()
        head = next((line for head, line in _SESSION_LISTS if head.fullmatch(plain)), None)
        if head is None and not (listed and listed.fullmatch(plain)):
            if plain and not _SESSION_LINE.fullmatch(plain):
                break
            listed = None
        listed = head or listed
        end += 1
    return end if end > at + 1 else at


_MOMENTS = {
    "date:": re.compile(rf"{_DAY} \d{{1,2}} {_MONTH} \d{{4}}", re.IGNORECASE),
    "time:": re.compile(r"\d{1,2}:\d{2}:\d{2}"),
}


def tells_the_run(label: str, cell: str) -> bool:
    """Return whether a cell holds the moment of a run that the one before it names, as summaries of statsmodels do."""
    form = _MOMENTS.get(label.strip().casefold())
    return form is not None and len(cell) < 100 and form.fullmatch(" ".join(cell.split())) is not None
