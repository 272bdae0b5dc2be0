"""`make run`: starts the service, brings an example from upload to verdict, prints the verdict and its address.

In a terminal the service stays up until Ctrl-C, so that the page can be opened; without one it ends after the verdict.
The exit code is that of `erc run`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from erc.deploy.embedded import answers

_START_SECONDS = 90.0
_STOP_SECONDS = 15.0


def main() -> None:
    """Run the demonstration on the workspace that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m erc.deploy.demo", description=__doc__)
    parser.add_argument("workspace", type=Path, help="folder or archive of the workspace")
    workspace = parser.parse_args().workspace
    home = Path(os.environ.get("ERC_HOME") or Path.home() / ".erc")
    if running(home):
        print("The service runs already; the example goes to it.", flush=True)
        sys.exit(_erc_run(workspace, home))
    sys.exit(_with_service(workspace, home))


def running(home: Path, pid: int | None = None) -> bool:
    """Return whether a service (of that process id) answers on this state folder."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads((home / "service.json").read_text(encoding="utf-8"))
        return (pid is None or found["pid"] == pid) and answers(str(found["url"]))
    return False


def _with_service(workspace: Path, home: Path) -> int:
    service = subprocess.Popen([sys.executable, "-m", "erc.deploy", "--home", str(home)])
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    code = 130
    try:
        if not _comes_up(service, home):
            return service.wait() or 1
        code = _erc_run(workspace, home)
        if sys.stdin.isatty() and sys.stdout.isatty():
            print("The service stays up, so that you can open the page. Ctrl-C ends it.", flush=True)
            service.wait()
    except KeyboardInterrupt:
        pass
    finally:
        _end(service)
    return code


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _comes_up(service: subprocess.Popen[bytes], home: Path) -> bool:
    end = time.monotonic() + _START_SECONDS
    while service.poll() is None and time.monotonic() < end:
        if running(home, service.pid):
            return True
        time.sleep(0.05)
    return False


def _erc_run(workspace: Path, home: Path) -> int:
    erc = Path(sys.executable).parent / "erc"
    environment = os.environ | {"ERC_HOME": str(home)}
    return subprocess.run([erc, "run", str(workspace), "--wait", "--force"], env=environment, check=False).returncode


def _end(service: subprocess.Popen[bytes]) -> None:
    if service.poll() is None:
        service.terminate()
    try:
        service.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        # Its processes die with it.
        service.kill()
        service.wait()


if __name__ == "__main__":
    main()
