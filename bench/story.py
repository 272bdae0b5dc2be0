"""The reference's own load test as a story: twelve authors at once bring in a paper, describe it, run it, look at it.

The reference's medians are those of its published evaluation (behaviour reference, part 12). A job's overhead is the
time of all its steps but the execution; how long it waited for a free slot is told beside it, as this machine has few.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from bench.report import Figure
from support.service import ROOT, Service, packed

USERS = 12
EXAMPLE = ROOT / "examples" / "rmarkdown"
REFERENCE = {"upload": 6.754, "metadata save": 6.712, "check": 3.520, "job without execution": 4.17}
"""Medians of the reference in seconds: six authors of its creation phase."""
TIMES = 5


def _paper(number: int) -> bytes:
    files: dict[str, str | bytes] = {
        str(path.relative_to(EXAMPLE)): path.read_bytes() for path in sorted(EXAMPLE.rglob("*")) if path.is_file()
    }
    return packed(files | {"notes.txt": f"{number} {time.time_ns()}\n"})


def _seconds(step: dict[str, Any]) -> float:
    if not step["start"] or not step["end"]:
        return 0.0
    return (datetime.fromisoformat(step["end"]) - datetime.fromisoformat(step["start"])).total_seconds()


def _author(service: Service, number: int) -> dict[str, float]:
    """Live through the story once; return the seconds of each part."""
    took: dict[str, float] = {}
    with service.client() as client:
        client.timeout = 120
        archive, begun = _paper(number), time.perf_counter()
        files = {"compendium": ("paper.tar.gz", archive)}
        answer = client.post("/api/v1/compendium", files=files, data={"content_type": "workspace"})
        assert answer.status_code == 200, answer.text
        took["upload"] = time.perf_counter() - begun
        address = f"/api/v1/compendium/{answer.json()['id']}"
        begun = time.perf_counter()
        document = client.get(f"{address}/metadata").json()["metadata"]["o2r"]
        took["metadata view"] = time.perf_counter() - begun
        document["title"] = f"The paper of author {number}"
        begun = time.perf_counter()
        answer = client.put(f"{address}/metadata", json={"o2r": document})
        assert answer.status_code == 200, answer.text
        took["metadata save"] = time.perf_counter() - begun
        begun = time.perf_counter()
        job = client.post("/api/v1/job", json={"compendium_id": address.rsplit("/", 1)[1]}).json()["job_id"]
        took["job start"] = time.perf_counter() - begun
    ended = service.ended(job, 600)
    assert ended["verdict"] == "reproduced", ended
    steps = {name: _seconds(step) for name, step in ended["steps"].items()}
    whole = datetime.fromisoformat(ended["ended"]) - datetime.fromisoformat(ended["created"])
    took["check"] = steps["check"]
    took["job without execution"] = sum(steps.values()) - steps["image_execute"]
    took["waiting"] = whole.total_seconds() - sum(steps.values())
    return took


def figures(service: Service) -> list[Figure]:
    _author(service, 0)
    with ThreadPoolExecutor(USERS) as pool:
        told = list(pool.map(_author, itertools.repeat(service, USERS), range(1, USERS + 1)))
    parts: dict[str, list[float]] = defaultdict(list)
    for took in told:
        for name, seconds in took.items():
            parts[name].append(seconds)
    found = []
    for name, seconds in parts.items():
        ours, reference = statistics.median(seconds), REFERENCE.get(name)
        goal = f"≤ 1/{TIMES} of {reference:.2f} s" if reference else "–"
        holds = reference is None or TIMES * ours <= reference
        most = f"longest {max(seconds):.2f} s"
        found.append(Figure(f"{USERS} authors at once, {name}, median", ours, "s", goal, holds, most))
    return found
