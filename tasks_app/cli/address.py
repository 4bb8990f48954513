"""Where the site is served: free ports, URLs, and what the last `crux up` of this home served."""

from __future__ import annotations

import argparse
import http.client
import os
import socket
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError
from django.urls import reverse

DEFAULT_PORT = 8000
MISUSE = 2
PROBE_SECONDS = 1.0  # the supervisor waits meanwhile
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where to reach, from here, what listens everywhere


def free_port(host: str, port: int) -> int:
    """`port` if something can listen there now; a free one for 0.

    Raises:
        CommandError: nothing can.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as listener:
            return int(listener.getsockname()[1])
    except OSError as error:
        raise cannot_listen(host, port, error) from None


def cannot_listen(host: str, port: int, error: OSError) -> CommandError:
    """The line that says why, with exit code 2."""
    why = error.strerror or str(error)
    if error.errno is not None and not isinstance(error, socket.gaierror):
        why = os.strerror(error.errno)  # asyncio and socket add words of their own to it
    return CommandError(f"Cannot listen on {_join(host, port)}: {why}. Choose another with --port.", returncode=MISUSE)


def port_number(text: str) -> int:
    """What argparse reads a port with."""
    if text.isdecimal() and int(text[:6]) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")


def url(host: str, port: int) -> str:
    """The site's address for people at this machine: `http://127.0.0.1:8000`."""
    return f"http://{_join(_ANY.get(host, host), port)}"


def sign_in(base: str, secret: str) -> str:
    """The address of a one-time link."""
    return base.rstrip("/") + reverse("link", args=[secret])


def answers(host: str, port: int) -> bool:
    """Whether the site answers a request, whatever it says. Asks for a static file: no database is involved."""
    connection = http.client.HTTPConnection(_ANY.get(host, host), port, timeout=PROBE_SECONDS)
    try:
        connection.request("HEAD", f"{settings.STATIC_URL}crux.css")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def remember(base: str) -> None:
    """Note where the site is served, for `crux link`. Where it cannot be noted, `--url` says it."""
    with suppress(OSError):
        _note().write_text(base + "\n")


def last() -> str:
    """Where the last `crux up` of this home served the site; the default address if there was none."""
    with suppress(OSError):
        if noted := _note().read_text().strip():
            return noted
    return url("127.0.0.1", DEFAULT_PORT)


def _note() -> Path:
    return Path(settings.HOME) / "address"


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
