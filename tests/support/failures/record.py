"""Makes the logs of the failing programs: `PYTHONPATH=tests python -m support.failures.record [NAME…]`.

Each program runs as a job would: in a container without network, on an image with R and Python of Debian bookworm,
which is made first (`erc-failures`). Needs the Docker engine and the base image (`make base`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from support.failures.cases import CASES, Case

from erc.schemas.metadata import Description, kind_of
from erc.workers.builder.domain.command import command

LOGS = Path(__file__).with_name("logs")
IMAGE = "erc-failures"
PACKAGES = (
    "r-base-core r-cran-rmarkdown r-cran-dplyr r-cran-ggplot2 pandoc python3 python3-numpy python3-pandas "
    "python3-matplotlib python3-requests python3-scipy python3-nbconvert jupyter-core jupyter-nbconvert python3-ipykernel python3-tk"
)
DOCKERFILE = f"""FROM erc-base:bookworm
RUN apt-get update \\
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends {PACKAGES} \\
 && rm -rf /var/lib/apt/lists/*
WORKDIR /erc
"""


def main() -> None:
    """Run what is named on the command line, all by default."""
    if subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False).returncode:
        subprocess.run(["docker", "build", "-t", IMAGE, "-"], input=DOCKERFILE, text=True, check=True)
    LOGS.mkdir(exist_ok=True)
    for name in sys.argv[1:] or CASES:
        (LOGS / f"{name}.txt").write_text(log_of(CASES[name]), encoding="utf-8")


def log_of(case: Case) -> str:
    """Run a program that must fail, and return what it said."""
    kind = kind_of(case.main)
    assert kind is not None
    display = "paper.pdf" if "pdf_document" in case.files[case.main] else "display.html"
    run = command(Description(kind=kind, main=case.main, display=display, manifest="0" * 64))
    with tempfile.TemporaryDirectory() as folder:
        for path, text in case.files.items():
            (Path(folder) / path).write_bytes(text.encode("utf-8", "surrogateescape"))
        for path in (Path(folder), *Path(folder).iterdir()):
            os.chown(path, 12345, 12345)
        ended = subprocess.run(
            [
                *("docker", "run", "--rm", "--network=none", "--user=12345:12345", "--read-only", "--tmpfs=/tmp"),
                *("--memory=1g", "-e", "HOME=/tmp", "-e", "LC_ALL=C.UTF-8", "-e", "TZ=UTC", "-v", f"{folder}:/erc"),
                *(IMAGE, *run),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    said = ended.stdout.decode(errors="replace")
    assert ended.returncode, f"It did not fail: {said}"
    return said


if __name__ == "__main__":
    main()
