"""Progress, told to people no faster than they can read: at once, then at most twice a second, and always the last."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from django.db import Error

from tasks_app.errors import Refused

__all__ = ["Progress"]

PACE_SECONDS = 0.5  # between two messages of one task that are written: each is an event to all who watch


class Progress:
    """The progress of one attempt. `write` writes a message and may raise Refused if the attempt has ended."""

    def __init__(self, write: Callable[[str], Awaitable[object]]) -> None:
        self._write = write
        self._waiting: str | None = None
        self._pace: asyncio.Task[None] | None = None

    async def say(self, message: str) -> bool:
        """Write the message, or keep it in place of the one that waits for its turn. Returns whether it was written.

        Raises:
            Refused: it was written at once, and the attempt has ended.
        """
        if self._pace is not None and not self._pace.done():
            self._waiting = message
            return False
        self._waiting = None  # of an event loop that was closed meanwhile: this one is newer
        await self._write(message)
        self._pace = asyncio.create_task(self._go_on())
        return True

    async def close(self) -> None:
        """Write the message that waits, if one does; before the attempt ends.

        Raises:
            Refused: the attempt has ended.
        """
        if self._pace is not None:
            self._pace.cancel()
        message, self._waiting = self._waiting, None
        if message is not None:
            await self._write(message)

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(PACE_SECONDS)
            message, self._waiting = self._waiting, None
            if message is None:
                return
            with suppress(Refused, Error):  # the attempt has ended; its agent learns of it at its next word
                await self._write(message)
