"""The pure part of the shipper: what a bag holds."""

from __future__ import annotations

from erc.workers.shipper.domain.bag import BagFile, bag_files

__all__ = ["BagFile", "bag_files"]
