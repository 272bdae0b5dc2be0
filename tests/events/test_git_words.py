"""What git says when it ends is told apart by its own words, never by what a stranger's address or a clock adds."""

from __future__ import annotations

import pytest

from erc.events import git_process
from erc.events.errors import Rejected, Unavailable

URL = "https://example.org/404/403-not-found/redirect-301"
ACCESS = f"fatal: unable to access '{URL}/': "
MEANT = [
    (f"{ACCESS}Failed to connect to example.org port 443 after 404 ms: Couldn't connect to server", ""),
    (f"{ACCESS}Operation too slow. 301 bytes/sec, 403 expected", ""),
    (f"{ACCESS}Could not resolve host: example.org", ""),
    (f"{ACCESS}The requested URL returned error: 503", ""),
    (f"{ACCESS}The requested URL returned error: 403", "not_found"),
    (f"fatal: repository '{URL}/' not found", "not_found"),
    ("fatal: could not read Username for 'https://example.org': terminal prompts disabled", "not_found"),
    (f"{ACCESS}The requested URL returned error: 302 Found", "source_moved"),
    (f"{ACCESS}The requested URL returned error: 308", "source_moved"),
]


@pytest.mark.parametrize(("said", "code"), MEANT)
@pytest.mark.parametrize("slash", ["", "/"])
def test_words_mean_the_same_whatever_the_address_is(said: str, code: str, slash: str) -> None:
    error = git_process.failed("it", URL + slash, f"{said}\n")
    if code:
        assert isinstance(error, Rejected)
        assert error.problem.code == code
    else:
        assert isinstance(error, Unavailable)
