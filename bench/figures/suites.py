"""Makes the images of the suites that draw: R, ggplot2, matplotlib and seaborn from each distribution's own archive."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

MIRRORS = {
    "bookworm": "…",
    "trixie": "…",
    "focal": "…",
}
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
    for image in (f"erc-base:{suite}", f"erc-figures-base:{suite}"):
        if _held(image):
            return image
    image = f"erc-figures-base:{suite}"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "root")
        how = ["unshare", "--mount", "debootstrap", "--variant=minbase", suite, str(root), MIRRORS[suite]]
        subprocess.run(how, check=True, capture_output=True)
        with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as tar:
            subprocess.run(["docker", "import", "-", image], stdin=tar.stdout, check=True, capture_output=True)
        shutil.rmtree(root, ignore_errors=True)
    return image


def _install(suite: str, base: str) -> None:
    universe = "sed -i 's/ main$/ main universe/' /etc/apt/sources.list; " if "ubuntu" in MIRRORS[suite] else ""
    script = f"{universe}apt-get update -q && apt-get install -y -q --no-install-recommends {' '.join(PACKAGES)} && apt-get clean"
    name = f"erc-figures-{suite}"
    subprocess.run(["docker", "rm", "-f", name], capture_output=True, check=False)
    command = ["docker", "run", "--name", name, "-e", "DEBIAN_FRONTEND=noninteractive", base, "sh", "-c", script]
    subprocess.run(command, check=True, capture_output=True)
    subprocess.run(["docker", "commit", name, f"erc-figures:{suite}"], check=True, capture_output=True)
    subprocess.run(["docker", "rm", "-f", name], capture_output=True, check=False)
