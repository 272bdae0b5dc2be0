from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from erc.gateway.client.doctor import engine, host
from erc.gateway.client.doctor.finding import State

VERSION = {"Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12"}


class FakeEngine:
    """Answers on a Unix socket."""

    def __init__(self, path: Path) -> None:
        self.answers: dict[str, dict] = {"/version": VERSION}
        self.address = f"unix://{path}"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._listener.settimeout(0.2)
        self._over = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def stop(self) -> None:
        self._over = True
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._over:
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            with connection:
                path = connection.recv(65536).split(b" ")[1].decode()
                found = path in self.answers
                body = json.dumps(self.answers.get(path, {"message": "no such thing"})).encode()
                head = f"HTTP/1.1 {'200 OK' if found else '404 Not Found'}\r\nContent-Length: {len(body)}\r\n\r\n"
                connection.sendall(head.encode() + body)


@pytest.fixture
def docker(tmp_path: Path) -> Iterator[FakeEngine]:
    running = FakeEngine(tmp_path / "docker.sock")
    yield running
    running.stop()


def _examined(environ: dict[str, str]) -> dict[str, tuple[State, str, str]]:
    found = engine.find_engine(environ)
    findings = [*engine.examine_engine(found), engine.base_image(found, environ)]
    return {finding.name: (finding.state, finding.found, finding.mend) for finding in findings}


def test_an_engine_that_answers_is_fine(docker) -> None:
    docker.answers["/images/erc-base:bookworm/json"] = {"Id": "sha256:1"}
    docker.answers["/info"] = {"DockerRootDir": "/"}
    found = _examined({"DOCKER_HOST": docker.address})
    assert found["Container engine"][:2] == (State.FINE, f"20.10.24 at {docker.address}")
    assert found["Base image"][0] is State.FINE
    assert found["Engine's API"] == (State.FINE, "1.41", "")
    assert "Engine's disk" in found


def test_a_missing_base_image_says_how_it_comes(docker) -> None:
    state, found, mend = _examined({"DOCKER_HOST": docker.address})["Base image"]
    assert (state, "erc-base:bookworm" in found) == (State.NOTE, True)
    assert mend


@pytest.mark.parametrize(
    ("newest", "oldest", "words"),
    [("1.39", "1.12", "too old"), ("1.60", "1.50", "newer than this service"), ("many", "1.12", "cannot be read")],
)
def test_an_api_that_the_service_does_not_speak_is_told(docker, newest, oldest, words) -> None:
    docker.answers["/version"] = {"ApiVersion": newest, "MinAPIVersion": oldest}
    state, found, mend = _examined({"DOCKER_HOST": docker.address})["Engine's API"]
    assert (state, words in found) == (State.MISSING, True)
    assert mend


def test_a_socket_that_is_not_there_says_what_to_install(tmp_path) -> None:
    state, found, mend = _examined({"DOCKER_HOST": f"unix://{tmp_path}/none.sock"})["Container engine"]
    assert (state, "there is no socket" in found) == (State.MISSING, True)
    assert "apt-get install docker.io" in mend


def test_an_engine_that_does_not_run_says_how_to_start_it(tmp_path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "left.sock"))
    assert "systemctl start" in _examined({"DOCKER_HOST": f"unix://{tmp_path}/left.sock"})["Container engine"][2]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="becomes another user")
def test_a_socket_that_may_not_be_used_names_the_group(docker, tmp_path) -> None:
    tmp_path.chmod(0o755)
    Path(docker.address.removeprefix("unix://")).chmod(0o600)
    for folder in [tmp_path, *tmp_path.parents[:2]]:
        folder.chmod(0o755)
    os.seteuid(65534)
    try:
        found = _examined({"DOCKER_HOST": docker.address})
    finally:
        os.seteuid(0)
    state, said, mend = found["Container engine"]
    assert (state, "you may not use" in said) == (State.MISSING, True)
    assert "usermod -aG docker" in mend


@pytest.mark.parametrize("address", ["ssh://host", "fd://", "nonsense", "tcp://127.0.0.1:1"])
def test_an_address_that_is_no_engine_is_told(address) -> None:
    assert _examined({"DOCKER_HOST": address})["Container engine"][0] is State.MISSING


@pytest.mark.parametrize(
    ("version", "state"), [((3, 10), State.MISSING), ((3, 11), State.FINE), ((3, 15), State.MISSING)]
)
def test_a_python_that_is_not_supported_is_told(version, state) -> None:
    assert host.python(version).state is state


def test_a_full_disk_is_told_with_what_is_needed(tmp_path) -> None:
    finding = host.disk(tmp_path / "not" / "there", needed_bytes=1 << 80)
    assert finding.state is State.MISSING
    assert "ERC_HOME" in finding.mend


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="becomes another user")
@pytest.mark.parametrize(("mode", "words"), [(0o700, "cannot be looked at"), (0o755, "cannot be written to")])
def test_a_home_of_somebody_else_is_told(tmp_path, mode, words) -> None:
    for folder in tmp_path.parents[:3]:
        folder.chmod(0o755)
    tmp_path.chmod(mode)
    os.seteuid(65534)
    try:
        finding = host.disk(tmp_path / "home", needed_bytes=0)
    finally:
        os.seteuid(0)
    assert (finding.state, words in finding.found) == (State.MISSING, True)
    assert "ERC_HOME" in finding.mend


def test_a_bundle_that_is_none_is_told(tmp_path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for path in (tmp_path / "ca.pem", tmp_path / "none.pem"):
        finding = host.certificates({"SSL_CERT_FILE": str(path)})[0]
        assert (finding.name, finding.state) == ("SSL_CERT_FILE", State.MISSING)
        assert "PEM" in finding.mend


def test_servers_that_are_set_need_no_programs() -> None:
    assert host.nats({"NATS_URL": "nats://x"}).state is State.FINE
    assert host.postgresql({"DATABASE_URL": "postgresql://x"}).state is State.FINE


def test_a_missing_thing_makes_the_exit_code_1(erc, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    ran = erc("doctor")
    assert ran.exit_code == 1
    assert "✗ Container engine: there is no socket" in ran.stdout


def test_json_has_each_finding_with_its_mend(erc, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    said = json.loads(erc("doctor", "--json").stdout)
    assert (said["fine"], said["exit_code"]) == (False, 1)
    assert all({"name", "state", "found", "mend"} == set(finding) for finding in said["findings"])


def test_a_running_service_is_recognised(gateway, erc, monkeypatch) -> None:
    shown = erc("doctor", url=gateway.url).stdout
    assert f"✓ Running service: answers at {gateway.url}" in shown
    assert "! Token: none is known" in shown


def test_ports_that_are_taken_are_told(erc, monkeypatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("GATEWAY_PORT", str(port))
        assert f"! Ports: taken by something else: {port}" in erc("doctor").stdout


def test_the_client_imports_nothing_of_the_service() -> None:
    code = "import sys, erc.gateway.client.cli; print('\\n'.join(sys.modules))"
    loaded = set(os.popen(f'{sys.executable} -c "{code}"').read().split())
    assert "erc.gateway.client.cli" in loaded
    ours = {name for name in loaded if name.startswith("erc.")}
    assert all(name.startswith(("erc.gateway.client", "erc.schemas")) or name == "erc.gateway" for name in ours)
    assert not loaded & {"starlette", "sqlalchemy", "nats", "faststream", "aiodocker", "uvicorn", "erc.schemas.tables"}
