"""Words of a PDF beside its drawings: where they stand, whether they are seen, and in which colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.pdf_files import a_pdf, points, words

Check = Callable[..., Any]
DRAWN = points((60, 60), (120, 100), (200, 150)) + " "
RED, BLUE = "1 0 0 rg ", "0 0 1 rg "


def coloured(first: str, second: str) -> str:
    return f"{first}{words('control', 60, 10)} {second}{words('treated', 200, 10)}"


CHANGES = {
    "labels that changed places": (
        words("control", 60, 10) + DRAWN + words("treated", 260, 10),
        words("control", 260, 10) + DRAWN + words("treated", 60, 10),
    ),
    "a label elsewhere": (words("control", 60, 10) + DRAWN, words("control", 260, 10) + DRAWN),
    "colours that changed places": (DRAWN + coloured(RED, BLUE), DRAWN + coloured(BLUE, RED)),
    "unseen words": (DRAWN + "0 Tr " + words("control", 60, 10), DRAWN + "3 Tr " + words("control", 60, 10)),
    "a picture under unseen words": tuple(
        f"{DRAWN} 0.2 g 60 60 {wide} 90 re f BT /F1 150 Tf 3 Tr 40 60 Td (XXX) Tj ET" for wide in (100, 160)
    ),
}


@pytest.mark.parametrize("pair", CHANGES.values(), ids=CHANGES)
def test_words_beside_a_drawing_count(checked: Check, pair: tuple[str, str]) -> None:
    before, after = map(a_pdf, pair)
    assert checked(before, after, "paper.pdf").verdict == "differs"
    assert checked(after, before, "paper.pdf").verdict == "differs"


def test_another_size_of_letters_is_another_rendering(checked: Check) -> None:
    before, after = (a_pdf(words("control", 60, 10, size) + DRAWN) for size in (12, 13))
    assert checked(before, after, "paper.pdf").verdict == "reproduced, rendered differently"


def test_another_colour_for_all_words_is_another_rendering(checked: Check) -> None:
    before, after = (a_pdf(DRAWN + coloured(one, one)) for one in (RED, BLUE))
    assert checked(before, after, "paper.pdf").verdict == "reproduced, rendered differently"
