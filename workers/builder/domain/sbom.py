"""Writes what an image holds as a CycloneDX 1.6 document."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from urllib.parse import quote

from erc.schemas.environment import BUILDER_VERSION
from erc.workers.builder.domain.inventory import Installed, Inventory


def package_url(package: Installed, distribution: str, suite: str) -> str:
    """Return the package URL (purl) of a package in a suite of a distribution."""
    name, version = quote(package.name, safe=""), quote(package.version, safe="")
    match package.system:
        case "apt":
            qualifiers = f"?arch={package.architecture}&distro={suite}" if package.architecture else f"?distro={suite}"
            return f"pkg:deb/{distribution}/{name}@{version}{qualifiers}"
        case "pip":
            return f"pkg:pypi/{name}@{version}"
        case _:
            return f"pkg:cran/{name}@{version}"


def bill_of_materials(
    inventory: Inventory, image_id: str, name: str, distribution: str, suite: str, made: datetime
) -> dict[str, Any]:
    """Return the CycloneDX document of an image; equal input gives an equal document. `made` is UTC."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{_identity(image_id, name)}",
        "version": 1,
        "metadata": {
            "timestamp": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [{"type": "application", "name": "erc-builder", "version": BUILDER_VERSION}]},
            "component": {
                "type": "container",
                "bom-ref": image_id,
                "name": name,
                "version": image_id,
                "hashes": [{"alg": "SHA-256", "content": image_id.removeprefix("sha256:")}],
            },
        },
        "components": [_component(package, distribution, suite) for package in inventory.packages],
    }


def _component(package: Installed, distribution: str, suite: str) -> dict[str, Any]:
    url = package_url(package, distribution, suite)
    return {
        "type": "library",
        # R keeps one package in several libraries: the reference tells them apart, the URL need not.
        "bom-ref": f"{package.system}:{package.name}:{package.version}:{package.architecture}",
        "name": package.name,
        "version": package.version,
        "purl": url,
    }


def _identity(image_id: str, name: str) -> str:
    """Return a UUID that is made of what it names (RFC 9562, version 8): equal documents have equal ones."""
    digits = hashlib.sha256(f"{image_id} {name}".encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"
