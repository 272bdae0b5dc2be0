from __future__ import annotations

import socket
from pathlib import Path

import pytest

from erc.deploy.embedded import Addresses, as_role
from erc.deploy.refusal import Refusal
from erc.deploy.settings import Settings
from erc.deploy.state import State, chosen_port

ORCID = {
    "GATEWAY_PROVIDERS": "orcid",
    "GATEWAY_PROVIDER_ORCID_ISSUER": "https://orcid.org",
    "GATEWAY_PROVIDER_ORCID_CLIENT_ID": "APP-1",
}


def test_others_are_not_served_without_a_sign_in() -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        with pytest.raises(Refusal, match="GATEWAY_PROVIDERS"):
            Settings.read([], {"GATEWAY_HOST": host})
        assert Settings.read([], {"GATEWAY_HOST": host, **ORCID}).host == host


def test_what_is_wrong_with_the_sign_in_is_said_before_anything_starts() -> None:
    with pytest.raises(Refusal, match="GATEWAY_PROVIDER_ORCID_CLIENT_ID is not set"):
        Settings.read([], {**ORCID, "GATEWAY_PROVIDER_ORCID_CLIENT_ID": ""})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_is_served_without_one(host: str) -> None:
    assert Settings.read([], {"GATEWAY_HOST": host}).host == host


@pytest.mark.parametrize("port", ["0", "65536", "-1", "web", "80 "])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(Refusal, match="a port is a number"):
        Settings.read([], {"GATEWAY_PORT": port})


def test_the_command_line_counts_before_the_environment(tmp_path: Path) -> None:
    environ = {"ERC_HOME": "/elsewhere", "GATEWAY_PORT": "1234"}
    settings = Settings.read(["--home", str(tmp_path), "--port", "4321"], environ)
    assert (settings.home, settings.port) == (tmp_path, 4321)
    assert Settings.read([], environ).port == 1234


def test_secrets_are_not_shown() -> None:
    settings = Settings.read([], {"DATABASE_URL": "postgresql://a:hidden@b/c", "NATS_URL": "nats://a:hidden@b"})
    assert "hidden" not in repr(settings)


def test_a_port_that_is_asked_for_and_taken_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = int(taken.getsockname()[1])
        with pytest.raises(Refusal, match=f"Port {port} is taken"):
            chosen_port("127.0.0.1", port, "--port")
        assert chosen_port("127.0.0.1", None, "--port", first=port) != port


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    state = State(tmp_path / "home")
    state.take()
    assert state.secret("one") == state.secret("one") != state.secret("two")
    assert len(state.secret("one")) >= 32
    state.release()


def test_a_large_log_is_put_aside(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.take()
    with (tmp_path / "logs" / "relay.log").open("wb") as log:
        log.truncate((16 << 20) + 1)
    assert not state.log("relay").exists()
    assert (tmp_path / "logs" / "relay.log.1").exists()
    state.release()


def test_a_folder_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(Refusal, match="cannot be used"):
        State(Path("/proc/nowhere")).take()


def test_a_role_keeps_the_place_and_the_options() -> None:
    url = as_role("postgresql://owner:p@host:5/base?ssl=require", "erc_loader", "a/b")
    assert url == "postgresql://erc_loader:a%2Fb@host:5/base?ssl=require"


def test_addresses_are_such_as_this_machine_reaches() -> None:
    assert Addresses("", "", "0.0.0.0", 1, 2).url == "http://127.0.0.1:1"
    assert Addresses("", "", "::1", 1, 2).content_url == "http://[::1]:2"
