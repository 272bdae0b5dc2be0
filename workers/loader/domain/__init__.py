"""The pure part of the loader: hostile archives in, manifests out; no path of this machine is ever touched."""

from erc.workers.loader.domain.bag import validate_bag
from erc.workers.loader.domain.extracted import Extracted
from erc.workers.loader.domain.workspace import Unpacked, unpack

__all__ = ["Extracted", "Unpacked", "unpack", "validate_bag"]
