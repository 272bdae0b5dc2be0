"""Bad input ends in a clear sentence for the author, a terminal state, nothing left behind; the service goes on."""

from __future__ import annotations

import io
import subprocess
import tarfile
import time

import pytest
from support.service import TEXT_PAPER, Service, packed

pytestmark = pytest.mark.engine


def _link() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        about = tarfile.TarInfo("main.py")
        about.type, about.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(about)
    return buffer.getvalue()


def _escape() -> bytes:
    return packed({"../../escaped.py": "x", "main.py": "x"})


REFUSED = {
    "no archive": (b"this is a text", "archive"),
    "a broken archive": (packed(TEXT_PAPER)[:100], "archive"),
    "a link": (_link(), "main.py"),
    "an escape": (_escape(), ".."),
    "no main file": (packed({"README.txt": "nothing to run"}), "main"),
    "no display file": (packed({"main.py": "print(1)"}), "display"),
    "an erc.yml that is no YAML": (packed({**TEXT_PAPER, "erc.yml": "main: [unclosed"}), "erc.yml"),
    "an alias bomb": (packed({**TEXT_PAPER, "erc.yml": "a: &a [x]\nb: [*a, *a]\n"}), "erc.yml"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_upload_that_cannot_be_used_is_rejected_with_a_sentence(service: Service, name: str) -> None:
    archive, word = REFUSED[name]
    identifier = service.upload(archive)
    found = service.until(f"/api/v1/compendium/{identifier}", lambda it: it["status"] in {"ready", "rejected"})
    assert found["status"] == "rejected"
    sentence = f"{found['problem']['title']} {found['problem']['detail']}"
    assert word in sentence
    assert "Traceback" not in sentence
    refused = service.post("/api/v1/job", {"compendium_id": identifier})
    assert refused["status"] == 409


def _failed(service: Service, files: dict[str, str | bytes], seconds: float = 180) -> dict[str, object]:
    job = service.ended(service.start(service.ready(packed(files))), seconds)
    assert job["verdict"] == "failed", job
    return job


def script(code: str) -> dict[str, str | bytes]:
    return {"main.py": code, "display.txt": "x\n"}


def test_a_package_that_does_not_exist_is_named(service: Service) -> None:
    files = {"main.R": "library(nosuchpackage)\ncat(1, file = 'display.txt')\n", "display.txt": "1"}
    job = _failed(service, files)
    assert "nosuchpackage" in str(job["reason"])


def test_a_script_that_loops_for_ever_is_stopped(service: Service) -> None:
    assert "stopped after 45 seconds" in str(_failed(service, script("while True: pass"))["reason"])


def test_a_script_that_eats_memory_is_stopped(service: Service) -> None:
    reason = str(_failed(service, script("x = [bytearray(1 << 24) for _ in range(10_000)]"))["reason"])
    assert "memory" in reason


def test_a_script_that_fills_the_disk_is_stopped(service: Service) -> None:
    code = "f = open('big', 'wb')\nwhile True:\n    f.write(bytes(1 << 20)); f.flush()"
    reason = str(_failed(service, script(code))["reason"])
    assert "wrote too much" in reason or "file grew too large" in reason or "File too large" in reason


def test_a_script_that_forks_for_ever_harms_nobody(service: Service) -> None:
    code = "import os, time\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        time.sleep(0.1)"
    assert "stopped after 45 seconds" in str(_failed(service, script(code))["reason"])


def test_a_script_that_makes_nothing_is_told_so(service: Service) -> None:
    assert "display" in str(_failed(service, script("print('nothing')"))["reason"])


def test_an_old_copy_of_the_display_cannot_pass(service: Service) -> None:
    code = "import os\nprint(os.listdir('.'))\nassert not os.path.exists('display.txt')"
    assert "No display was made" in str(_failed(service, script(code))["reason"])


def test_an_old_copy_of_a_file_that_is_checked_cannot_pass(service: Service) -> None:
    code = "import os\nassert not os.path.exists('table.csv')\nopen('display.txt', 'w').write('42\\n')"
    rules = "spec_version: '1'\nmain: main.py\ndisplay: display.txt\ncheck:\n  - path: table.csv\n"
    licences = "id: paper\nlicenses: {text: CC0-1.0, data: CC0-1.0, code: CC0-1.0, metadata: CC0-1.0}\n"
    files = {"main.py": code, "display.txt": "42\n", "table.csv": "a\n1\n", "erc.yml": licences + rules}
    job = service.ended(service.start(service.ready(packed(files))))
    assert job["verdict"] == "differs"
    assert "table.csv" in str(job["reason"])


def test_cancelling_is_at_once_also_when_every_slot_is_busy(service: Service) -> None:
    compendium = service.ready(packed(script("import time\ntime.sleep(15)")))
    jobs = [service.start(compendium) for _ in range(4)]
    waiting = service.until(f"/api/v1/job/{jobs[-1]}", lambda it: "waiting" in it)
    assert waiting["waiting"]["position"] >= 1
    for job in reversed(jobs):
        begun = time.monotonic()
        answer = service.post(f"/api/v1/job/{job}/cancel", {})
        assert answer["verdict"] == "cancelled"
        assert time.monotonic() - begun < 2
        assert service.get(f"/api/v1/job/{job}")["status"] == "failure"


def test_nothing_of_all_that_is_left_behind(service: Service) -> None:
    deadline = time.monotonic() + 60
    while left := _left(service):
        assert time.monotonic() < deadline, left
        time.sleep(0.5)
    assert service.ended(service.start(service.ready(packed(TEXT_PAPER))))["verdict"] == "reproduced"


def _left(service: Service) -> list[str]:
    label = f"label=org.erc.home={service.home / 'jobs'}"
    containers = subprocess.run(["docker", "ps", "-aq", "--filter", label], capture_output=True, text=True, check=True)
    names = {path.name for path in (service.home / "jobs").iterdir()}
    partial = [path.name for path in (service.home / "blobs" / "partial").iterdir()]
    return [*containers.stdout.split(), *sorted(names), *partial]
