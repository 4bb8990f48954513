"""Feeds: a page's changes, rendered once for all who look at the same view in the same role.

A feed holds what its viewers see as a snapshot. When the log has grown it reads the rows again, compares, and renders
what differs. So a frame is state, not a delta to be trusted: a viewer that missed some gets one whole frame.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any, Protocol
from uuid import UUID

from django.template.loader import get_template

from tasks_app.crossing import in_db
from tasks_app.live.hub import Batch, hub
from tasks_app.web import boards, pages
from tasks_app.web.snapshots import Board, Column, Role, Shell

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # between two looks at what changes without an event of the list: workers, due times
UNANSWERED = 8  # frames sent without an answer before a viewer counts as slow and is spared the next ones

Frame = dict[str, Any]


class View(Protocol):
    """What a feed shows: `topic` wakes it, `look` reads the rows and renders what changed since the last look."""

    topic: str
    seq: int

    def look(self) -> Frame | None:
        """The frame that takes a viewer from the last look to now; None if nothing differs. Runs in the database."""

    def whole(self) -> Frame:
        """The frame that takes any viewer to the last look."""

    def unlogged(self) -> Frame:
        """The frame that takes a viewer there who knows all events: what changes without one may have changed since."""


class BoardView:
    """A board, for one role."""

    def __init__(self, list_id: UUID, role: Role) -> None:
        self.topic = f"list:{list_id}"
        self.seq = 0
        self._list_id, self._role = list_id, role
        self._board: Board | None = None
        self._shell: Shell | None = None
        self._foot = ""

    def look(self) -> Frame | None:
        """Read the board again and render what differs."""
        shell = pages.shell()
        board = boards.board(self._list_id, alive=shell.workers > 0)
        before, self._board = self._board, board
        if before is not None and before.head.seq == board.head.seq:  # no event: a rate that only ages is no news
            steady = replace(board.head, per_minute=before.head.per_minute, eta_seconds=before.head.eta_seconds)
            board = self._board = replace(board, head=steady)
        self.seq = board.head.seq
        frame = self._render(before, board)
        if shell != self._shell:
            self._shell, self._foot = shell, pages.foot(shell)
            frame.setdefault("parts", {})["foot"] = self._foot
        return frame if len(frame) > 1 else None

    def whole(self) -> Frame:
        """All of the board as last seen."""
        assert self._board is not None
        frame = self._render(None, self._board)
        frame["parts"]["foot"] = self._foot
        return frame

    def unlogged(self) -> Frame:
        """The rate, the notice and the workers."""
        assert self._board is not None
        parts = {"facts": self._part("facts", head=self._board.head), "foot": self._foot}
        return {"seq": self.seq, "parts": parts}

    def _render(self, before: Board | None, board: Board) -> Frame:
        frame: Frame = {"seq": board.head.seq}
        parts: dict[str, str] = {}
        if before is None or before.head != board.head:
            parts |= {name: self._part(name, head=board.head) for name in ("head", "facts")}
        old_columns = {column.name: column for column in before.columns} if before else {}
        old_cards = {card.dom_id: card for column in old_columns.values() for card in column.cards}
        order: dict[str, list[str]] = {}
        cards: dict[str, str] = {}
        for column in board.columns:
            old = old_columns.get(column.name)
            if old is None or _counts(old) != _counts(column):
                for name in ("count", "tally", "more"):
                    parts[f"{name}-{column.name}"] = self._part(name, column=column)
            ids = [card.dom_id for card in column.cards]
            if old is None or ids != [card.dom_id for card in old.cards]:
                order[column.name] = ids
            changed = [card for card in column.cards if old_cards.get(card.dom_id) != card]
            cards |= {card.dom_id: self._part("card", card=card) for card in changed}
        frame |= {name: value for name, value in (("parts", parts), ("columns", order), ("cards", cards)) if value}
        return frame

    def _part(self, name: str, **context: Any) -> str:
        return str(get_template(f"boards/board.html#{name}").render(context | {"role": self._role})).strip()


def _counts(column: Column) -> tuple[int, int | None, int]:
    return column.count, column.limit, column.more


class Viewer:
    """One socket on a feed: what it has been sent, what it has answered."""

    def __init__(self, send: Callable[[str], Any]) -> None:
        self._send = send
        self._unanswered = 0
        self._behind = False

    async def offer(self, text: str, whole: Callable[[], str]) -> None:
        """Send a frame, or, if it was spared some, the whole. A viewer that answers nothing is sent nothing more."""
        if self._unanswered >= UNANSWERED:
            self._behind = True
            return
        self._unanswered += 1
        text, self._behind = (whole(), False) if self._behind else (text, False)
        await self._send(text)

    async def answered(self, whole: Callable[[], str]) -> None:
        """It has applied all it was sent."""
        self._unanswered = 0
        if self._behind:
            await self.offer("", whole)


class Feed:
    """One view, its task, and those who look at it."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.viewers: set[Viewer] = set()
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._whole: str | None = None
        self.task = asyncio.get_running_loop().create_task(self._run(), name=f"feed {view.topic}")

    async def join(self, viewer: Viewer, *, since: int | None) -> None:
        """Let a viewer in who has seen the page as of `since`; it gets what it may lack, the whole if need be."""
        self.viewers.add(viewer)
        await asyncio.shield(self._ready)
        await viewer.offer(_encode(self.view.unlogged()) if since == self.view.seq else self.whole(), self.whole)

    def whole(self) -> str:
        """The whole frame, encoded once for each look."""
        if self._whole is None:
            self._whole = _encode(self.view.whole())
        return self._whole

    def close(self) -> None:
        """Stop; the last viewer has left."""
        self.task.cancel()

    async def _run(self) -> None:
        try:
            await in_db(self.view.look)
        except Exception as error:
            self._ready.set_exception(error)
            return
        self._ready.set_result(None)
        async with aclosing(hub().watch(self.view.topic, since=self.view.seq)) as batches:
            following = asyncio.ensure_future(anext(batches))
            try:
                while True:
                    done, _ = await asyncio.wait({following}, timeout=LOOK_SECONDS)
                    batch: Batch | None = following.result() if done else None
                    if done:
                        following = asyncio.ensure_future(anext(batches))
                    if batch is None or batch.last_seq > self.view.seq:
                        await self._look()
            finally:
                following.cancel()
                with suppress(asyncio.CancelledError, StopAsyncIteration):
                    await following

    async def _look(self) -> None:
        try:
            frame = await in_db(self.view.look)
        except Exception:
            logger.exception("What changed in %s could not be read.", self.view.topic)
            return
        if frame is None:
            return
        self._whole, text = None, _encode(frame)
        for viewer in list(self.viewers):
            await viewer.offer(text, self.whole)


_feeds: dict[tuple[asyncio.AbstractEventLoop, type[View], tuple[Any, ...]], Feed] = {}


async def join(viewer: Viewer, view: type[View], *key: Any, since: int | None) -> Feed:
    """Let a viewer in on the feed of `view(*key)`, which starts with its first viewer and ends with its last."""
    loop = asyncio.get_running_loop()
    feed = _feeds.get((loop, view, key))
    if feed is None or feed.task.done():
        feed = _feeds[loop, view, key] = Feed(view(*key))
    try:
        await feed.join(viewer, since=since)
    except BaseException:
        leave(viewer, feed)
        raise
    return feed


def leave(viewer: Viewer, feed: Feed) -> None:
    """Let a viewer go."""
    feed.viewers.discard(viewer)
    if not feed.viewers:
        feed.close()
        for place in [place for place, other in _feeds.items() if other is feed]:
            del _feeds[place]


def _encode(frame: Frame) -> str:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
