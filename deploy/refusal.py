"""Why the service does not start, in a sentence that says how to mend it."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - a statement about the machine, not a programming error
    """The stack cannot start; the text is for the person who started it."""
