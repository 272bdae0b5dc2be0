"""Tokens that `erc login` got, one for each service, in a file that only its owner reads."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from erc.gateway.client.failures import ClientError, ExitCode
from erc.schemas.problem import Problem


class Credentials:
    """The file `credentials.json` in the folder of the client's state. A token goes to its own service only."""

    def __init__(self, home: Path) -> None:
        self._path = home / "credentials.json"

    def token(self, url: str) -> str:
        """Return the token of the service at this address, empty without one."""
        return self._read().get(url, "")

    def keep(self, url: str, token: str) -> None:
        """Keep a token. Raises ClientError when the file cannot be written."""
        self._write({**self._read(), url: token})

    def forget(self, url: str) -> None:
        """Forget the token of a service. Raises ClientError when the file cannot be written."""
        kept = self._read()
        if kept.pop(url, None) is not None:
            self._write(kept)

    def _read(self) -> dict[str, str]:
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(document, dict):
            return {}
        return {url: token for url, token in document.items() if isinstance(token, str)}

    def _write(self, tokens: dict[str, str]) -> None:
        partial = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(
                os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
            ) as file:
                json.dump(tokens, file, indent=2)
            partial.replace(self._path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            problem = Problem(code="credentials", title=f"{self._path} cannot be written", detail=str(error))
            raise ClientError(problem, ExitCode.FAILED) from error
