"""`erc doctor`: what the service needs on this machine, and how to mend what is missing."""

from __future__ import annotations

import os

from rich.text import Text

from erc.gateway.client.doctor.examination import examine
from erc.gateway.client.doctor.finding import State
from erc.gateway.client.failures import ExitCode
from erc.gateway.client.session import AsJson, told
from erc.gateway.client.terminal import Terminal, one_line

_MARKS = {State.FINE: ("✓", "green"), State.NOTE: ("!", "yellow"), State.MISSING: ("✗", "red")}


@told
def doctor(as_json: AsJson = False) -> ExitCode:
    """Look at everything that the service needs here; exit code 1 when something is missing."""
    terminal = Terminal(as_json=as_json)
    findings = examine(os.environ)
    fine = all(finding.state is not State.MISSING for finding in findings)
    code = ExitCode.REPRODUCED if fine else ExitCode.FAILED
    terminal.document(
        {"fine": fine, "findings": [finding.model_dump(mode="json") for finding in findings], "exit_code": int(code)}
    )
    if as_json:
        return code
    for finding in findings:
        mark, style = _MARKS[finding.state]
        line = Text.assemble((f"{mark} ", style), (f"{finding.name}: ", "bold"), one_line(finding.found))
        terminal.out.print(line, soft_wrap=True)
        if finding.mend:
            terminal.show(f"    {one_line(finding.mend)}")
    terminal.show("Everything that is needed is there." if fine else "Something is missing.", "bold")
    return code
