"""The client that docs/how-to/subscribe-to-events.md shows: it resumes, and gives each event once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.docs.pages import page

LAST = 20
CODES = (1000, 1001, 1011, 4408, 1012)  # that are no reason to give up


class Site:
    """A site that sends two events a connection and then closes it; the last event is the end of the list."""

    def __init__(self) -> None:
        self.since: list[int] = []
        self.keys: list[str | None] = []
        self.acknowledged: list[int] = []
        self.refuse = 0  # close with this code at once

    async def answer(self, socket: ServerConnection) -> None:
        assert socket.request
        since = int(parse_qs(urlsplit(socket.request.path).query)["since"][0])
        self.since.append(since)
        self.keys.append(socket.request.headers.get("Authorization"))
        if self.refuse:
            await socket.close(self.refuse)
            return
        for seq in range(since + 1, min(since + 2, LAST) + 1):
            kind = "list.finished" if seq == LAST else "task.progress"
            await socket.send(json.dumps({"seq": seq, "kind": kind, "task": None}))
            self.acknowledged.append(json.loads(await socket.recv())["ack"])
        await socket.close(CODES[len(self.since) % len(CODES)])


@pytest.fixture
async def site() -> AsyncIterator[tuple[Site, str]]:
    """A site, and its address."""
    site = Site()
    server: Server
    async with serve(site.answer, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield site, f"ws://127.0.0.1:{port}"


@pytest.fixture
def follow() -> Any:
    """The page's own function, without its second of waiting."""
    (block,) = (block for block in page("docs/how-to/subscribe-to-events.md").blocks if "follow.py" in block.text)
    names: dict[str, Any] = {"__name__": "follow"}
    exec(block.text, names)
    names["asyncio"] = SimpleNamespace(sleep=lambda seconds: asyncio.sleep(0))
    return names["follow"]


async def test_each_event_comes_once_and_in_order_however_often_the_socket_is_lost(
    site: tuple[Site, str], follow: Any
) -> None:
    fake, address = site

    seen = [event["seq"] async for event in follow(address, "some-list", "crux_key")]

    assert seen == list(range(1, LAST + 1))
    assert len(fake.since) == LAST / 2
    assert set(fake.keys) == {"Bearer crux_key"}
    assert fake.acknowledged == list(range(1, LAST + 1))


async def test_it_goes_on_from_where_one_has_got_to(site: tuple[Site, str], follow: Any) -> None:
    _, address = site

    assert [event["seq"] async for event in follow(address, "some-list", "crux_key", since=LAST - 3)] == [18, 19, 20]


@pytest.mark.parametrize("code", [4401, 4404])
async def test_it_gives_up_where_there_is_nothing_for_it(site: tuple[Site, str], follow: Any, code: int) -> None:
    fake, address = site
    fake.refuse = code

    with pytest.raises(ConnectionClosed):
        await anext(follow(address, "some-list", "crux_key"))
    assert len(fake.since) == 1
