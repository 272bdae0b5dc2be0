"""`python -m erc.gateway.client`, the same as `erc`."""

from __future__ import annotations

from erc.gateway.client.cli import main

if __name__ == "__main__":
    main()
