"""Job overhead against `docker run`, and the build step of an unchanged environment."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path

from bench.report import Figure
from support.service import Service, packed

ROUNDS = 9
KILOBYTE = {
    "main.R": 'cat(strrep("0123456789abcdef\\n", 60), file = "display.txt")\n',
    "display.txt": "0123456789abcdef\n" * 60,
}


def _one_job(service: Service, compendium: str) -> tuple[float, str]:
    """Return the seconds from POST to the terminal event, and the job."""
    with service.client() as client:
        begun = time.perf_counter()
        job = client.post("/api/v1/job", json={"compendium_id": compendium}).json()["job_id"]
        with client.stream("GET", f"/api/v1/job/{job}/events", timeout=120) as stream:
            for line in stream.iter_lines():
                if line == "event: end":
                    return time.perf_counter() - begun, job
    raise AssertionError("the stream ended without a terminal event")


def _docker_run(image: str, folder: Path) -> float:
    begun = time.perf_counter()
    subprocess.run(
        [
            "docker",
            "run",
            "--rm",
            "--volume",
            f"{folder}:/erc",
            "--workdir",
            "/erc",
            image,
            "Rscript",
            "--vanilla",
            "main.R",
        ],
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - begun


def figures(service: Service) -> list[Figure]:
    compendium = service.ready(packed(KILOBYTE))
    first = service.ended(service.start(compendium), 600)
    assert first["verdict"] == "reproduced", first
    image = first["steps"]["image_build"]["imageId"]
    ours, floor, builds = [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in KILOBYTE.items():
            (folder / file).write_text(content)
        for _ in range(ROUNDS):
            seconds, job = _one_job(service, compendium)
            ours.append(seconds)
            floor.append(_docker_run(image, folder))
            found = service.get(f"/api/v1/job/{job}?steps=all")
            end = datetime.fromisoformat(found["steps"]["image_build"]["end"])
            builds.append((end - datetime.fromisoformat(found["created"])).total_seconds())
            assert found["steps"]["image_build"]["text"] == ["The environment is unchanged, nothing was built"]
    mine, theirs = statistics.median(ours), statistics.median(floor)
    build = statistics.median(builds)
    return [
        Figure(
            "job, POST to terminal event ÷ docker run",
            mine / theirs,
            "×",
            "≤ 2 ×",
            mine <= 2 * theirs,
            f"docker run {theirs:.2f} s, job {mine:.2f} s",
        ),
        Figure(
            "build step of an unchanged environment, from POST",
            build,
            "s",
            "< 0.3 s, no engine build",
            build < 0.3,
            "–",
        ),
    ]
