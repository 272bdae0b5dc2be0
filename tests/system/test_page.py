"""The page of a job in a real browser: live, with and without JavaScript, and deaf to hostile content."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from support.service import TEXT_PAPER, Service, packed

pytestmark = [pytest.mark.engine, pytest.mark.browser]

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        yield started
        started.close()


def signed_in(service: Service, browser: Browser, javascript: bool = True) -> Page:
    page = browser.new_context(java_script_enabled=javascript).new_page()
    page.goto(service.post("/api/v1/auth/link", {})["url"])
    return page


def test_a_job_is_followed_live_to_its_verdict(service: Service, browser: Browser) -> None:
    slow = {
        **TEXT_PAPER,
        "main.py": f"import time\nprint('first words', flush=True)\ntime.sleep(4)\n{TEXT_PAPER['main.py']}",
    }
    job = service.start(service.ready(packed(slow)))
    page = signed_in(service, browser)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{service.url}/job/{job}")
    page.get_by_text("Reproduced", exact=False).first.wait_for(timeout=90_000)
    assert "first words" in page.content()
    assert not errors


def test_everything_is_there_without_javascript(service: Service, browser: Browser) -> None:
    page = signed_in(service, browser, javascript=False)
    compendium = service.ready(packed(TEXT_PAPER))
    page.goto(f"{service.url}/compendium/{compendium}")
    page.get_by_role("button", name="Run").first.click()
    assert "/job/" in page.url
    ended = service.ended(page.url.rsplit("/", 1)[1])
    page.reload()
    text = page.inner_text("main")
    assert "Reproduced" in text
    assert ended["reason"] in text


def test_a_stranger_sees_no_candidate_and_is_told_how_to_sign_in(service: Service, browser: Browser) -> None:
    job = service.start(service.ready(packed(TEXT_PAPER)))
    page = browser.new_context().new_page()
    answer = page.goto(f"{service.url}/job/{job}")
    assert answer
    assert answer.status == 404
    assert service.get("/api/v1/compendium?user=operator")["results"]
    page.goto(service.url)
    assert "erc open" in page.content() or "Sign in" in page.content()


def test_a_sign_in_link_works_once(service: Service, browser: Browser) -> None:
    link = service.post("/api/v1/auth/link", {})["url"]
    first, second = browser.new_context().new_page(), browser.new_context().new_page()
    assert first.goto(link).status == 200  # type: ignore[union-attr]
    assert second.goto(link).status == 403  # type: ignore[union-attr]


def test_hostile_titles_and_logs_stay_text(service: Service, browser: Browser) -> None:
    attack = "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"
    main = f'"""{attack}"""\nprint({attack!r})\n{TEXT_PAPER["main.py"]}'
    job = service.start(service.ready(packed({**TEXT_PAPER, "main.py": main, f"a{attack[:8]}.txt": "x"})))
    service.ended(job)
    page = signed_in(service, browser)
    for path in (f"job/{job}", "", f"compendium/{service.get(f'/api/v1/job/{job}')['compendium_id']}"):
        page.goto(f"{service.url}/{path}")
        page.wait_for_timeout(500)
        assert page.title() != "pwned"
