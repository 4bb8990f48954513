"""Where the models are: as `OPENAI_API_KEY` and `OPENAI_BASE_URL` say, else in this process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from tasks_app.errors import ModelError

__all__ = ["OFFLINE_MODEL", "Address", "current_address"]

OFFLINE_MODEL = "offline-extract"
"""The name of the embedded model: it extracts sentences and is no AI."""

OPENAI_URL = "https://api.openai.com/v1"
EMBEDDED_URL = "http://offline.invalid/v1"  # never resolved: its transport is a function call
NO_KEY = "none"  # local endpoints ask for no key, but the client insists on one


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """An endpoint and the key to it. Its repr is the host alone: keys and passwords are not to be read."""

    base_url: str
    api_key: str
    offline: bool = False

    def __repr__(self) -> str:
        return f"<Address {self.host}>"

    @property
    def host(self) -> str:
        """Host and port, without what else an address may carry (a password, say)."""
        try:
            return urlsplit(self.base_url).netloc.rpartition("@")[2]
        except ValueError:  # `check` says so in better words
            return "an address that is none"

    def check(self) -> None:
        """Refuse what no request can be made from, before one is retried for minutes.

        Raises:
            ModelError: the address is no http(s) URL, or the key holds what no header can carry.
        """
        try:
            parts = urlsplit(self.base_url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:  # a port that is no number, a bracket left open
            usable = False
        if not usable:
            raise ModelError(
                "OPENAI_BASE_URL is no http(s) address; it should look like http://localhost:11434/v1.",
                retryable=False,
            )
        if not (self.api_key.isascii() and self.api_key.isprintable()):
            raise ModelError(
                "OPENAI_API_KEY holds characters that no header can carry; copy it again.", retryable=False
            )

    def redact(self, content: bytes) -> bytes:
        """`content` without the key: providers like to echo it. To be done before anything is cut."""
        return content if self.api_key == NO_KEY else content.replace(self.api_key.encode(), b"[key]")


def current_address(environ: Mapping[str, str] | None = None) -> Address:
    """The endpoint the environment names; empty and blank variables count as unset."""
    environ = os.environ if environ is None else environ
    key = environ.get("OPENAI_API_KEY", "").strip()
    url = environ.get("OPENAI_BASE_URL", "").strip()
    if not key and not url:
        return Address(EMBEDDED_URL, NO_KEY, offline=True)
    return Address(url or OPENAI_URL, key or NO_KEY)
