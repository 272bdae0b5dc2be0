"""`python -m bench.edits [papers] [seed]`: edits of texts, tables and data, and how many the comparators judge rightly."""

from __future__ import annotations

import hashlib
import sys
import time
from collections import Counter

from support.edits import Case, cases

from erc.schemas.check import Verdict
from erc.workers.checker.domain import Resources, check

NOTHING = Resources({}.get, {}.get)
MISSED, FALSE = "changes of content missed", "findings for formatting"


def differs(case: Case) -> bool:
    """Return whether the comparators see a difference that counts."""
    report = check(
        case.published, case.reproduced, case.path, NOTHING, lambda content: hashlib.sha256(content).hexdigest()
    )
    return report.verdict is not Verdict.REPRODUCED


def wrong(seed: int, papers: int) -> tuple[Counter[str], list[Case]]:
    """Return how many cases there were of each kind, and those that were judged wrongly."""
    counts: Counter[str] = Counter()
    failed = []
    for case in cases(seed, papers):
        if case.published == case.reproduced:
            continue
        counts["content" if case.content else "formatting"] += 1
        counts[f"{case.edit}\t{case.content}"] += 1
        if differs(case) != case.content:
            failed.append(case)
    return counts, failed


def main() -> int:
    """Print a table in Markdown; exit code 1 when one case was judged wrongly."""
    papers, seed = (int(one) for one in [*sys.argv[1:3], *("30", "1")[len(sys.argv[1:3]) :]])
    started = time.perf_counter()
    counts, failed = wrong(seed, papers)
    mistakes = Counter(f"{case.edit}\t{case.content}" for case in failed)
    print(
        f"{papers} papers, seed {seed}: {counts['content']:,} changes of content, {counts['formatting']:,} of formatting"
    )
    print(
        f"{sum(case.content for case in failed)} {MISSED}, {sum(not case.content for case in failed)} {FALSE}; ", end=""
    )
    print(f"{time.perf_counter() - started:.0f} s\n\n| edit | cases | judged wrongly |\n|---|---|---|")
    for kind, count in counts.items():
        name, _, content = kind.partition("\t")
        if content:
            print(f"| {name} ({'content' if content == 'True' else 'formatting'}) | {count} | {mistakes[kind]} |")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
