"""The table of real workspaces: what each must get is in the modules of its rows."""

from __future__ import annotations

from environments import conflict_rows, mixed_rows, python_rows, r_rows, refused_rows

GOOD = [*python_rows.ROWS, *r_rows.ROWS, *mixed_rows.ROWS, *conflict_rows.ROWS]
"""Each is built and executed, and fails without what it declares."""
MIXED = mixed_rows.ROWS
BAD_BUILDS, BAD_PLANS, BAD_ADDRESSES = refused_rows.BUILDS, refused_rows.PLANS, refused_rows.ADDRESSES
"""Each is refused: while it is built, before, and before anything is fetched."""
