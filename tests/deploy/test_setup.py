from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from erc.deploy.fresh.__main__ import readme_lines
from erc.deploy.refusal import Refusal

ROOT = Path(__file__).parents[2]
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))


def pinned(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==([^\s;]+)", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_requirements_have_hashes_and_name_no_place(path: Path) -> None:
    text = path.read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"://|index-url|find-links|file:|^/", text, re.MULTILINE)


def test_the_files_of_requirements_agree() -> None:
    base, server, dev = (pinned(ROOT / "requirements" / f"{name}.txt") for name in ("base", "server", "dev"))
    assert base.items() <= server.items() <= dev.items()


def test_what_is_installed_is_what_is_pinned() -> None:
    listed = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert listed.returncode == 0, listed.stdout


def test_a_second_setup_has_nothing_to_do_and_a_changed_pin_has(tmp_path: Path) -> None:
    for name in ("deploy", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    asked = (
        "from deploy.setup import machine, python_packages as p; "
        "machine.write_note('python', {'fingerprint': p.fingerprint()}) if not p.up_to_date() else None; "
        "print(p.up_to_date())"
    )
    assert said(tmp_path, asked) == "True"
    with (tmp_path / "requirements/dev.txt").open("a") as file:
        file.write("another==1\n")
    assert said(tmp_path, "from deploy.setup import python_packages as p; print(p.up_to_date())") == "False"


def said(folder: Path, program: str) -> str:
    run = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_setup_needs_nothing_but_the_standard_library() -> None:
    program = "import deploy.setup.__main__, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    clean = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {program}"]
    run = subprocess.run(clean, capture_output=True, text=True, check=True)
    foreign = {name for name in run.stdout.split() if not name.startswith("_")} - sys.stdlib_module_names
    assert foreign <= {"deploy"}


def test_without_root_and_sudo_it_says_what_root_should_run(tmp_path: Path) -> None:
    program = (
        "from deploy.setup import machine; machine.is_root = lambda: False\n"
        "try: machine.install(['docker.io'])\nexcept machine.Missing as missing: print(missing)"
    )
    for tool in ("dpkg-query",):
        (tmp_path / tool).symlink_to(shutil.which(tool) or pytest.skip("this is no Debian"))
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Let root run: env DEBIAN_FRONTEND=noninteractive apt-get install" in run.stdout
    assert "docker.io" in run.stdout


def test_make_shows_every_target_by_default() -> None:
    run = subprocess.run(
        ["make"], cwd=ROOT, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}
    )
    wanted = [
        "setup",
        "run",
        "test",
        "bench",
        "check",
        "setup-extra",
        "test-fresh",
        "audit",
        "engine-stop",
        "clean-all",
    ]
    assert set(wanted) <= {line.split()[1] for line in run.stdout.splitlines()}


def test_the_readme_holds_the_two_lines() -> None:
    assert readme_lines((ROOT / "README.md").read_text()) == ["make run", "make test"]
    with pytest.raises(Refusal):
        readme_lines("make run\n")


def test_continuous_integration_runs_the_readme_s_line() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert {"export YES=1", "make test", "make check"} <= set(script.read_text().splitlines())
