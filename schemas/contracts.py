"""The JSON Schemas of the documents that others may read: `python -m erc.schemas.contracts FOLDER` writes them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from erc.schemas.check import CheckReport
from erc.schemas.compendium import Compendium
from erc.schemas.diagnosis import Diagnosis
from erc.schemas.environment import Plan
from erc.schemas.evidence import DriftReport, Evidence, Reproducibility
from erc.schemas.job import Job
from erc.schemas.metadata import Description
from erc.schemas.problem import Problem
from erc.schemas.repeat import Conditions, Determinism
from erc.schemas.shipment import PackRecord, Shipment
from erc.schemas.workspace import Entry

DOCUMENTS: tuple[type[BaseModel], ...] = (
    CheckReport,
    Compendium,
    Conditions,
    Description,
    Determinism,
    Diagnosis,
    DriftReport,
    Entry,
    Evidence,
    Job,
    PackRecord,
    Plan,
    Problem,
    Reproducibility,
    Shipment,
)


def texts() -> dict[str, str]:
    """Return the text of each schema by file name."""
    return {
        f"{model.__name__.lower()}.json": json.dumps(model.model_json_schema(), indent=2, sort_keys=True) + "\n"
        for model in DOCUMENTS
    }


def write(folder: Path) -> None:
    """Write every schema into a folder."""
    for name, text in texts().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
