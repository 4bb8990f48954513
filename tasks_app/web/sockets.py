"""The two sockets: `/ws/boards/…` sends HTML to pages, `/ws/events/…` sends JSON to programs.

A consumer holds a socket; it queries nothing and decides nothing. It accepts first and then closes with a code a
browser can read: 4401 sign in, 4404 nothing here for you. Who may watch is asked again every minute.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, suppress
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from channels.sessions import CookieMiddleware
from django.urls import path

from tasks_app.crossing import in_db
from tasks_app.live.hub import hub
from tasks_app.services import events
from tasks_app.web import access, feeds
from tasks_app.web.task_pages import TaskView

SIGN_IN, NOTHING_HERE, TOO_SLOW = 4401, 4404, 4408
CHECK_SECONDS = 60  # between two looks at whether the viewer may still watch
MAX_UNACKNOWLEDGED = 4096  # events sent to a program that acknowledges, before it is waited for
PATIENCE_SECONDS = 30  # s a program may leave them unacknowledged


class Socket(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels carries no types
    """What both sockets share: who is there, may they watch, and the task that serves them."""

    topic: str
    since: int | None
    _serving: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Accept, then serve or say why not."""
        await self.accept()
        self.topic = self.find_topic()
        self.since = _number(self.query("since"))
        if await self.may_watch():
            self._serving = asyncio.create_task(self._serve())

    async def may_watch(self) -> bool:
        """Whether the viewer may watch now; closes the socket with the reason if not."""
        allowed = await in_db(_allowed, self.scope, self.topic)
        if allowed is not None:
            await self.close(code=allowed)
        return allowed is None

    async def disconnect(self, code: int) -> None:
        """Stop serving."""
        if self._serving:
            self._serving.cancel()
            with suppress(asyncio.CancelledError):
                await self._serving

    def query(self, name: str) -> str:
        """A parameter of the socket's address; empty if it is not there."""
        return str(parse_qs(self.scope["query_string"].decode("latin-1")).get(name, [""])[0])

    def find_topic(self) -> str:
        """The topic this socket watches."""
        raise NotImplementedError

    async def serve(self) -> None:
        """Send what there is to send, until cancelled."""
        raise NotImplementedError

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._check_again())
            group.create_task(self.serve())

    async def _check_again(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await self.may_watch()


class EventsSocket(Socket):
    """A topic's events as JSON, one a message, from `since` on; without `since`, a snapshot first.

    The program may acknowledge with `{"ack": seq}`; once it has, it is sent at most 4096 events ahead of that.
    """

    _acknowledged: int | None = None

    def find_topic(self) -> str:
        """As the address has it: `list:<id>`."""
        return str(self.scope["url_route"]["kwargs"]["topic"])

    async def serve(self) -> None:
        """Send events for ever."""
        self._more = asyncio.Event()
        kept = await in_db(events.kept, self.topic)
        since = self.since
        if since is None or not kept.first_seq - 1 <= since <= kept.last_seq:
            await self.send(text_data=json.dumps(kept.snapshot, ensure_ascii=False))
            since = kept.last_seq
        async with aclosing(hub().watch(self.topic, since=since)) as batches:
            async for batch in batches:
                for frame in batch.frames:
                    await self.send(text_data=frame)
                await self._wait_for_acknowledgement(batch.last_seq)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take an acknowledgement; anything else is ignored."""
        seq = _field(text_data, "ack")
        if isinstance(seq, int):
            self._acknowledged = seq
            self._more.set()

    async def _wait_for_acknowledgement(self, sent: int) -> None:
        while self._acknowledged is not None and sent - self._acknowledged > MAX_UNACKNOWLEDGED:
            self._more.clear()
            try:
                await asyncio.wait_for(self._more.wait(), PATIENCE_SECONDS)
            except TimeoutError:
                await self.close(code=TOO_SLOW)
                return


class BoardSocket(Socket):
    """A board's or, with `?task=<pk>`, a task page's changes as HTML. The browser answers `{"ack": seq}`."""

    _feed: feeds.Feed | None = None

    def find_topic(self) -> str:
        """The list's."""
        return f"list:{self.scope['url_route']['kwargs']['list_id']}"

    async def serve(self) -> None:
        """Look at the feed until the socket closes."""
        list_id: UUID = self.scope["url_route"]["kwargs"]["list_id"]
        task = _number(self.query("task"))
        self._viewer = feeds.Viewer(lambda text: self.send(text_data=text))
        view: tuple[Any, ...] = (feeds.BoardView, list_id) if task is None else (TaskView, list_id, task)
        role = access.role(self.scope["user"])
        self._feed = await feeds.join(self._viewer, view[0], *view[1:], role, since=self.since)
        await asyncio.Event().wait()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take an answer, or a request for the whole."""
        if self._feed is None:
            return
        if _field(text_data, "resync"):
            await self._viewer.offer(self._feed.whole(), self._feed.whole)
        elif _field(text_data, "ack") is not None:
            await self._viewer.answered(self._feed.whole)

    async def disconnect(self, code: int) -> None:
        """Leave the feed."""
        await super().disconnect(code)
        if self._feed is not None:
            feeds.leave(self._viewer, self._feed)


def _allowed(scope: dict[str, Any], topic: str) -> int | None:
    """None if the one at the socket may watch the topic, else the code to close with. Sets `scope["user"]`."""
    user = scope["user"] = access.user_of_scope(scope)
    if not user.is_authenticated:
        return SIGN_IN
    return None if access.may_watch(user, topic) else NOTHING_HERE


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _field(text: str | None, name: str) -> Any:
    try:
        message = json.loads(text or "")
    except ValueError:
        return None
    return message.get(name) if isinstance(message, dict) else None


_routes = URLRouter(
    [
        path("ws/boards/<uuid:list_id>/", BoardSocket.as_asgi()),
        path("ws/events/<str:topic>/", EventsSocket.as_asgi()),
    ]
)
_by_cookie = AllowedHostsOriginValidator(CookieMiddleware(_routes))


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The sockets' ASGI application: a bearer token needs no origin and no cookie; a cookie needs a listed origin."""
    chosen = _by_cookie if access.bearer_token(scope) is None else _routes
    await chosen(scope, receive, send)
