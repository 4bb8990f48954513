"""Wake-ups: learn that somebody committed something, within milliseconds and without asking every table.

On SQLite `PRAGMA data_version` changes when another connection has committed; asking it costs microseconds. Elsewhere
this falls back to a poll, and whoever waits looks at its own few rows each time.
"""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Protocol

from django.db import connections

SQLITE_SECONDS = 0.02  # between two looks at data_version
POLL_SECONDS = 0.25  # between two looks where the database cannot be asked cheaply


class Changes(Protocol):
    """A wait for the next commit of anybody."""

    async def wait(self, seconds: float) -> None:
        """Return as soon as something may have changed since the last return, at the latest after `seconds`."""

    def close(self) -> None:
        """Let go of the connection, if there is one."""


def open_changes() -> Changes:
    """The cheapest wake-up the default database has. For one loop; not shared across a fork."""
    database = connections["default"]
    if database.vendor == "sqlite":
        return SqliteChanges(str(database.settings_dict["NAME"]))
    return PolledChanges()


class SqliteChanges:
    """Wake-ups from `PRAGMA data_version` on a connection of its own."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=1, uri=path.startswith("file:"))
        self._seen = -1

    async def wait(self, seconds: float) -> None:
        """Return on the next commit of any other connection, at the latest after `seconds`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (version := self._version()) == self._seen and loop.time() < end:
            await asyncio.sleep(SQLITE_SECONDS)
        self._seen = version

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _version(self) -> int:
        try:
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.OperationalError:  # locked for recovery: somebody writes, so look
            return -1


class PolledChanges:
    """A plain poll."""

    async def wait(self, seconds: float) -> None:
        """Return after a quarter of a second, or `seconds` if that is less."""
        await asyncio.sleep(min(seconds, POLL_SECONDS))

    def close(self) -> None:
        """Nothing to close."""
