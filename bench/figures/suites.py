"""Makes the images of the suites that draw: R, ggplot2, matplotlib and seaborn from each distribution's own archive."""

from __future__ import annotations

import subprocess
import sys

SUITES = {"bookworm": "debian", "trixie": "debian", "focal": "ubuntu"}
"""The distribution of each suite."""
PACKAGES = (
    "r-base-core", "r-cran-ggplot2", "python3-matplotlib", "python3-seaborn", "python3-pil", "fonts-dejavu-core",
    "fonts-liberation", "fonts-freefont-ttf",
)  # fmt: skip


def prepare(suites: tuple[str, ...]) -> None:
    """Make the images that the engine does not hold yet; needs root and debootstrap."""
    for suite in suites:
        if not _held(f"erc-figures:{suite}"):
            _install(suite, _base(suite))


def _held(image: str) -> bool:
    return subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode == 0


def _base(suite: str) -> str:
    """Return the service's own base image of a suite, made where it is not there yet."""
    image = f"erc-base:{suite}"
    if not _held(image):
        subprocess.run([sys.executable, "-m", "erc.workers.builder.bases", SUITES[suite], suite], check=True)
    return image


def _install(suite: str, base: str) -> None:
    script = f"apt-get update -q && apt-get install -y -q --no-install-recommends {' '.join(PACKAGES)} && apt-get clean"
    name = f"erc-figures-{suite}"
    subprocess.run(["docker", "rm", "-f", name], capture_output=True, check=False)
    command = ["docker", "run", "--name", name, "-e", "DEBIAN_FRONTEND=noninteractive", base, "sh", "-c", script]
    subprocess.run(command, check=True, capture_output=True)
    subprocess.run(["docker", "commit", name, f"erc-figures:{suite}"], check=True, capture_output=True)
    subprocess.run(["docker", "rm", "-f", name], capture_output=True, check=False)
