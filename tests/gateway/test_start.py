"""What the gateway holds once it has started."""

from __future__ import annotations

import subprocess
import sys

READERS = ("numpy", "pandas", "xarray", "openpyxl", "rdata", "netCDF4", "h5py")


def test_the_gateway_reads_no_data_itself() -> None:
    """Files of users are read by a limited child; what reads them is not even loaded here."""
    program = f"import sys, erc.gateway.__main__; print([one for one in {READERS!r} if one in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.strip() == "[]"
