"""The cookies of sign-in: not for scripts, not for other sites, over TLS not for other hosts."""

from __future__ import annotations

from starlette.responses import Response

from erc.gateway.identity.holders import COOKIE, cookie_name
from erc.gateway.identity.signing_in import LIFETIME as SIGN_IN_LIFETIME
from erc.gateway.store.sessions import LIFETIME


class Cookies:
    """Sets and deletes the cookies of a service at this address."""

    def __init__(self, public_url: str) -> None:
        self.session = cookie_name(COOKIE, public_url)
        self.sign_in = cookie_name("erc_sign_in", public_url)
        self._secure = public_url.startswith("https:")

    def give_session(self, response: Response, secret: str) -> None:
        """Let the browser keep its session."""
        self._set(response, self.session, secret, int(LIFETIME.total_seconds()))

    def give_sign_in(self, response: Response, secret: str) -> None:
        """Let the browser keep what binds a sign-in to it."""
        self._set(response, self.sign_in, secret, int(SIGN_IN_LIFETIME.total_seconds()))

    def forget(self, response: Response, *names: str) -> None:
        """Let the browser forget cookies."""
        for name in names:
            response.delete_cookie(name, secure=self._secure, httponly=True, samesite="lax")

    def session_header(self, secret: str) -> str:
        """Return the header that gives a session."""
        response = Response()
        self.give_session(response, secret)
        return response.headers["set-cookie"]

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(name, value, max_age=seconds, httponly=True, secure=self._secure, samesite="lax")
