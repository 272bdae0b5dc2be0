"""What R, knitr and their packages say when they fail; texts of R's messages in the locale C or C.UTF-8."""

from __future__ import annotations

from erc.schemas.diagnosis import Cause
from erc.workers.diagnosis.rule import Mend, rule

_Q, _NAME = "[‘'\"`“]", r"[A-Za-z][A-Za-z0-9.]*"
_E = "[’'\"`”]"
_FILE = rf"{_Q}([^’'\"`”]{{1,400}}){_E}"

_ADD = "Add it to what the environment installs, as below."
_INSIDE = "A run has no network. Put what it fetches into the workspace, and read it from there."

RULES = (
    rule(
        Cause.MISSING_PACKAGE,
        rf"there is no package called [‘'`]({_NAME})[’'`]",
        "The R package {0} is not in the environment.",
        _ADD,
        mend=Mend.R,
    ),
    rule(
        Cause.MISSING_PACKAGE,
        rf"(?:[Pp]ackage|[Tt]he) {_Q}({_NAME}){_E} (?:package )?(?:is|must be|needs to be) "
        r"(?:required|needed|installed)",
        "The R package {0} is needed and is not in the environment.",
        _ADD,
        mend=Mend.R,
    ),
    rule(
        Cause.MISSING_PACKAGE,
        rf"Error in install\.packages\((?:c\()?[\"']({_NAME})[\"']",
        "The script installs the R package {0} while it runs, which no run can.",
        f"Remove install.packages() from the code. {_ADD}",
        mend=Mend.R,
    ),
    rule(
        Cause.PACKAGE_VERSION,
        rf"namespace {_Q}({_NAME}){_E} ([0-9.-]+) is (?:already loaded|being loaded), but >=? ?([0-9.-]+) is required",
        "The environment has version {1} of the R package {0}, and {2} or later is needed.",
        "Ask for a later suite of the distribution in erc.yml, or use the functions of the version that is there.",
    ),
    rule(
        Cause.PACKAGE_VERSION,
        rf"package {_Q}({_NAME}){_E} ([0-9.-]+) was found, but >=? ?([0-9.-]+) is required",
        "The environment has version {1} of the R package {0}, and {2} or later is needed.",
        "Ask for a later suite of the distribution in erc.yml, or use the functions of the version that is there.",
    ),
    rule(
        Cause.LANGUAGE_VERSION,
        r"(?:this script|this code|package \S{1,80}) (?:requires|needs|depends on) R \(?>=? ?([0-9.]+)",
        "The code asks for R {0} or later.",
        "Say so as `r:` under `environment:` in erc.yml, so that a suite with that version is taken.",
    ),
    rule(
        Cause.LANGUAGE_VERSION,
        r"unexpected input|unexpected '\\\\'|unexpected '>'$|The pipe placeholder|function '\|>' not supported",
        "The code cannot be parsed by this version of R.",
        "If it is written for a later R, say so as `r:` under `environment:` in erc.yml; else correct the line.",
        subject=0,
    ),
    rule(
        Cause.SYSTEM_LIBRARY,
        r"unable to load shared object .{1,300}?((?:lib|lapack|blas)[A-Za-z0-9_+.-]{1,80}\.so[0-9.]*): cannot open",
        "The system library {0} is not in the environment.",
        "Name the Debian package that holds it in apt.txt.",
    ),
    rule(
        Cause.ABSOLUTE_PATH,
        r"setwd\(\"?([^\")]{1,300})\"?\)",
        "The script changes into the folder {0}, which exists on its author's computer only.",
        "Remove setwd() and name files relative to the workspace.",
    ),
    rule(
        Cause.NEEDS_NETWORK,
        r"URL '([^']{1,300})': (?:status was|Timeout)",
        "The script fetches {0}.",
        _INSIDE,
    ),
    rule(
        Cause.NEEDS_NETWORK,
        r"cannot open (?:the )?URL " + _FILE,
        "The script fetches {0}.",
        _INSIDE,
    ),
    rule(
        Cause.NEEDS_NETWORK,
        r"(?:[Cc]ould not|[Cc]ouldn't|[Cc]annot) resolve host(?:name| name)?:?\s*"
        r"(?:\[?['\"]?([A-Za-z0-9.-]{1,200}))?",
        "The script asks the network for {0}.",
        _INSIDE,
    ),
    rule(
        Cause.NEEDS_NETWORK,
        r"unable to access index for repository (\S{1,300})",
        "The script installs packages from {0} while it runs.",
        "Remove install.packages(); declare the packages in install.R or DESCRIPTION, or load them by library().",
    ),
    rule(
        Cause.NEEDS_NETWORK,
        r"cannot open the connection to '(https?://[^']{1,300})'",
        "The script fetches {0}.",
        _INSIDE,
    ),
    rule(
        Cause.MISSING_FILE,
        r"cannot open (?:compressed )?file " + _FILE + r"(?:, probable reason '|: )?No such file",
        "The file {0} is not there.",
        "Add it to the workspace, or correct the path; paths are relative to the folder of the main file.",
    ),
    rule(
        Cause.MISSING_FILE,
        rf"{_Q}([^’'\"`”]{{1,400}}){_E} does not exist(?: in current working directory)?",
        "The file {0} is not there.",
        "Add it to the workspace, or correct the path; paths are relative to the folder of the main file.",
    ),
    rule(
        Cause.MISSING_FILE,
        r"Error in (?:gz|bz|xz)?(?:file|readRDS|readChar|readLines)\(.{0,200}\) ?: "
        r"cannot open (?:the connection|compressed)",
        "A file that is read here is not there.",
        "Add it to the workspace, or correct the path; paths are relative to the folder of the main file.",
        subject=0,
    ),
    rule(
        Cause.OUT_OF_MEMORY,
        r"cannot allocate (?:vector of size|memory block of size) ([0-9.]+ [GMK]b)",
        "A vector of {0} did not fit into memory.",
        "Read or keep less data at once.",
    ),
    rule(
        Cause.DISPLAY,
        r"unable to (?:start device (?:X11|x11)|open connection to X11 display)|X11 (?:is not|not) available|"
        r"no display name and no \$DISPLAY|rgl.*(?:X11|GLX)|unable to start data viewer|Tk is not available",
        "The script opens a window, and a run has no display.",
        "Write figures to files, by png() or ggsave().",
        subject=0,
    ),
    rule(
        Cause.ENCODING,
        r"invalid multibyte (?:string|character)|invalid input found on input connection|"
        r"input string \d+ is invalid|invalid UTF-8|embedded nul",
        "A text is not in the encoding in which it is read.",
        "Save the file as UTF-8, or name its encoding where it is read (fileEncoding = …).",
        subject=0,
    ),
    rule(
        Cause.REMOVED_FUNCTION,
        rf"{_Q}([A-Za-z0-9._]+){_E} is (?:defunct|no longer supported|not an exported object from .{{1,80}})",
        "{0} does not exist in the version of the package that is there.",
        "Use its successor, or ask for the suite of the distribution that has the version you used.",
    ),
    rule(
        Cause.REMOVED_FUNCTION,
        r"^(?:Error.*)?\s*`?([A-Za-z0-9._]+)\(?\)?`? was deprecated in (\S+ [0-9.]+) and is now defunct",
        "{0} was removed from {1}.",
        "Use its successor, or ask for the suite of the distribution that has the version you used.",
    ),
    rule(
        Cause.REMOVED_FUNCTION,
        r"unused arguments? \(([^)]{1,200})\)",
        "An argument is not known to the function that is called: {0}.",
        "The package may have another version than the one you used: see its documentation.",
    ),
    rule(
        Cause.MISSING_PACKAGE,
        rf"could not find function {_Q}([A-Za-z0-9._%<>&|+-]+){_E}",
        "The function {0} is not known when it is called.",
        "Load the package that has it by library() before.",
    ),
    rule(
        Cause.MISSING_PROGRAM,
        r"pandoc version [0-9.]+ or higher is required and was not found|pandoc: (?:command )?not found",
        "pandoc is not in the environment.",
        "Name it in apt.txt.",
        subject=0,
        mend=Mend.SYSTEM,
    ),
    rule(
        Cause.MISSING_PROGRAM,
        r"(?:error in running command|sh: 1: |sh: )\s*['\"]?([A-Za-z0-9._+-]{1,60})['\"]?: (?:command )?not found",
        "The program {0} is not in the environment.",
        "Name the Debian package that holds it in apt.txt.",
        mend=Mend.SYSTEM,
    ),
    rule(
        Cause.MISSING_PROGRAM,
        r"LaTeX failed to compile|(pdflatex|xelatex|lualatex|tlmgr)[^A-Za-z].{0,40}not found|No LaTeX installation",
        "LaTeX is needed and is not complete in the environment.",
        "Render to HTML, or name texlive-latex-extra in apt.txt.",
        subject=0,
    ),
    rule(
        Cause.NOTEBOOK_ORDER,
        rf"object {_Q}([A-Za-z0-9._]+){_E} not found",
        "{0} is used where it does not exist yet.",
        "Define it before this place; it may have been left over in the session in which the code was written.",
    ),
)
"""In the order of trying, for one line."""
