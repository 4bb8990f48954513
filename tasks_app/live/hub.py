"""The hub: one reader of the event log for all who watch, in each web process.

    async for batch in hub.watch("list:…", since=12):  # first what was missed, then each batch as it is committed
        …

Each topic that somebody watches is read once, whoever many watch it; a batch is encoded once. A subscriber whose queue
overflows loses nothing: it reads on from the log, at its own pace. Facts only; what they look like is the web's matter.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from functools import cached_property

from tasks_app.crossing import in_db
from tasks_app.live.changes import Changes, open_changes
from tasks_app.models import EventSnapshot
from tasks_app.services import events

logger = logging.getLogger(__name__)

FRAME_SECONDS = 0.05  # between two reads of the log: the first change goes out at once, a burst is gathered
FALLBACK_SECONDS = 1.0  # a look at the log even if no wake-up came
QUEUE_BATCHES = 64  # batches a subscriber may lag behind before it reads from the log again


class Batch:
    """Some events of one topic, dense and in order; encoded at most once, for all who get it."""

    def __init__(self, snapshots: Sequence[EventSnapshot]) -> None:
        self.events = tuple(snapshots)
        self.first_seq, self.last_seq = snapshots[0].seq, snapshots[-1].seq

    def after(self, seq: int) -> Batch | None:
        """What of it comes after `seq`; itself if all of it does."""
        if seq < self.first_seq:
            return self
        rest = [event for event in self.events if event.seq > seq]
        return Batch(rest) if rest else None

    @cached_property
    def frames(self) -> tuple[str, ...]:
        """Each event as the JSON text that programs get."""
        return tuple(json.dumps(event.public(), ensure_ascii=False, separators=(",", ":")) for event in self.events)


class Hub:
    """Reads the topics that are watched, once for all, and hands each batch to its watchers."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._queues: defaultdict[str, set[asyncio.Queue[Batch | None]]] = defaultdict(set)
        self._cursors: dict[str, int] = {}

    async def watch(self, topic: str, *, since: int) -> AsyncGenerator[Batch, None]:
        """Every event of `topic` after `since`, exactly once and in order, for ever.

        It subscribes first and then reads what was missed, so nothing falls in between; what comes twice is dropped,
        and a gap is read from the log.
        """
        queue: asyncio.Queue[Batch | None] = asyncio.Queue(QUEUE_BATCHES)
        self._queues[topic].add(queue)
        try:
            while True:
                while missed := await in_db(events.after, topic, since):
                    yield Batch(missed)
                    since = missed[-1].seq
                self._cursors.setdefault(topic, since)  # from here the hub reads it, for all
                while (batch := await queue.get()) is not None:
                    rest = batch.after(since)
                    if rest is None:
                        continue
                    if rest.first_seq != since + 1:
                        break
                    yield rest
                    since = rest.last_seq
        finally:
            self._queues[topic].discard(queue)
            if not self._queues[topic]:
                del self._queues[topic]
                self._cursors.pop(topic, None)

    async def run(self) -> None:
        """Read the log whenever it may have grown, until cancelled. An error of the database is waited out."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._changes.wait(FALLBACK_SECONDS)
                began = loop.time()
                try:
                    await self._read()
                except Exception:
                    logger.exception("The log could not be read; trying again in %g s.", FALLBACK_SECONDS)
                    await asyncio.sleep(FALLBACK_SECONDS)
                await asyncio.sleep(max(0.0, began + FRAME_SECONDS - loop.time()))
        finally:
            self._changes.close()

    async def _read(self) -> None:
        if not self._cursors:
            return
        newest = await in_db(events.newest_seqs, list(self._cursors))
        for topic, seq in newest.items():
            cursor = self._cursors.get(topic, seq)
            while cursor < seq and (read := await in_db(events.after, topic, cursor)):
                self._publish(topic, Batch(read))
                cursor = read[-1].seq
                if topic in self._cursors:
                    self._cursors[topic] = cursor

    def _publish(self, topic: str, batch: Batch) -> None:
        for queue in self._queues.get(topic, ()):
            try:
                queue.put_nowait(batch)
            except asyncio.QueueFull:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)  # read on from the log


_hubs: dict[asyncio.AbstractEventLoop, tuple[Hub, asyncio.Task[None]]] = {}


def hub() -> Hub:
    """The hub of the running loop; starts it if need be."""
    loop = asyncio.get_running_loop()
    for other in [other for other in _hubs if other.is_closed()]:
        del _hubs[other]
    known = _hubs.get(loop)
    if known is None or known[1].done():
        made = Hub(open_changes())
        known = _hubs[loop] = (made, loop.create_task(made.run(), name="hub"))
    return known[0]


async def close_hub() -> None:
    """Stop the hub of the running loop."""
    known = _hubs.pop(asyncio.get_running_loop(), None)
    if known:
        known[1].cancel()
        with suppress(asyncio.CancelledError):
            await known[1]
