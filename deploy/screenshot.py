"""`python -m erc.deploy.screenshot URL FILE`: takes the picture of a page, as the README shows one.

Pages that need it are signed in to with `--token`: the one-time link that `erc up` prints or `erc open` makes, or its
token alone.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit

from PIL import Image
from playwright.sync_api import Browser, Error, Page, sync_playwright

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE_MILLISECONDS = 20_000
_LOAD_PICTURES = """() => Promise.all(Array.from(document.images, image => {
    image.loading = "eager";
    return image.decode().catch(() => null);
}))"""


@dataclass(frozen=True)
class Picture:
    """What is taken and how: sizes in CSS pixels, a height of None for the whole page."""

    url: str
    file: Path
    link: str | None = None
    width: int = 1200
    height: int | None = None
    dark: bool = False
    printed: bool = False
    """As it is printed."""


def main() -> None:
    """Take the picture that the command line names; exit code 1 with a sentence when it cannot be taken."""
    picture = _read(sys.argv[1:])
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        sys.exit("There is no Chromium. `make setup` installs one.")
    try:
        take(picture, browser)
    except (Error, RuntimeError) as error:
        sys.exit(f"The picture could not be taken: {error}")
    print(picture.file)


def take(picture: Picture, browser: str) -> None:
    """Sign in, open the page, wait for its images, write the PNG. Raises RuntimeError when the page is refused."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        try:
            page = _page(running, picture)
            if picture.link:
                _open(page, picture.link)
            _open(page, picture.url)
            page.evaluate(_LOAD_PICTURES)
            if picture.printed:
                page.emulate_media(media="print")
            taken = page.screenshot(full_page=picture.height is None)
        finally:
            running.close()
    # A page has few colours: with a palette, its picture is a third as large.
    Image.open(io.BytesIO(taken)).convert("RGB").quantize(256).save(picture.file, optimize=True)


def _page(browser: Browser, picture: Picture) -> Page:
    page = browser.new_page(
        viewport={"width": picture.width, "height": picture.height or 800},
        color_scheme="dark" if picture.dark else "light",
        reduced_motion="reduce",
    )
    page.set_default_timeout(_PATIENCE_MILLISECONDS)
    return page


def _open(page: Page, address: str) -> None:
    answer = page.goto(address, wait_until="load")
    if answer is None or answer.status >= 400:
        raise RuntimeError(f"{address.partition('?')[0]} answered {answer.status if answer else 'nothing'}.")


def _read(arguments: list[str]) -> Picture:
    parser = argparse.ArgumentParser(prog="python -m erc.deploy.screenshot", description=__doc__)
    parser.add_argument("url", help="address of the page")
    parser.add_argument("file", type=Path, help="PNG to write")
    parser.add_argument("--token", default="", help="one-time sign-in link, or its token")
    parser.add_argument("--width", type=int, default=1200)
    parser.add_argument("--height", type=int, help="pixels from the top; the whole page when left out")
    parser.add_argument("--dark", action="store_true", help="in dark colours")
    parser.add_argument("--printed", action="store_true", help="as it is printed")
    given = parser.parse_args(arguments)
    link = sign_in_link(given.url, given.token) if given.token else None
    return Picture(given.url, given.file, link, given.width, given.height, given.dark, given.printed)


def sign_in_link(url: str, token: str) -> str:
    """Return the address that signs in to the service of `url`; `token` may be that address already."""
    if "://" in token:
        return token
    scheme, host, *_ = urlsplit(url)
    return urlunsplit((scheme, host, "/sign-in", urlencode({"token": token}), ""))


if __name__ == "__main__":
    main()
