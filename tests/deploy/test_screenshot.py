"""Taking a picture of a page that needs a sign-in."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from erc.deploy.screenshot import Picture, sign_in_link, take

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


class Guarded(BaseHTTPRequestHandler):
    """A green page for whoever has come through the sign-in."""

    def do_GET(self) -> None:
        signing = self.path == "/sign-in?token=once"
        known = signing or "in=1" in self.headers.get("Cookie", "")
        self.send_response(200 if known else 401)
        self.send_header("Content-Security-Policy", "script-src 'self'")
        if signing:
            self.send_header("Set-Cookie", "in=1")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><html style='background: #00ff00'>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Guarded)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_token_or_a_whole_link_signs_in() -> None:
    link = "http://127.0.0.1:8080/sign-in?token=a%2Fb"
    assert sign_in_link("http://127.0.0.1:8080/job/x", "a/b") == link
    assert sign_in_link("http://127.0.0.1:8080/job/x", link) == link


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")
def test_the_page_is_signed_in_to_and_pictured(address: str, tmp_path: Path) -> None:
    file = tmp_path / "page.png"
    link = sign_in_link(address, "once")
    take(Picture(f"{address}/page", file, link, width=300, height=200), CHROMIUM)
    picture = Image.open(file).convert("RGB")
    assert (picture.size, picture.getpixel((150, 100))) == ((300, 200), (0, 255, 0))


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")
def test_a_refused_page_is_no_picture(address: str, tmp_path: Path) -> None:
    file = tmp_path / "page.png"
    with pytest.raises(RuntimeError, match="answered 401"):
        take(Picture(f"{address}/page", file), CHROMIUM)
    assert not file.exists()
