"""The sockets: who gets in, what programs get, what pages get."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from crux_site.asgi import application
from tasks_app.crossing import in_db
from tasks_app.live.hub import close_hub
from tasks_app.models import Event, TaskList, Token
from tasks_app.models.columns import new_id
from tasks_app.services import access, claims, task_lists
from tests.builders import ALICE, a_list, a_worker, claim_all

pytestmark = pytest.mark.django_db(transaction=True)

WAIT_SECONDS = 30  # a bound, not a measure
Header = tuple[bytes, bytes]


@pytest.fixture(autouse=True)
async def _hub_ends() -> Any:
    yield
    await close_hub()


def staff() -> User:
    return User.objects.create_user("alice", is_staff=True)


def token_of(user: User) -> list[Header]:
    return [(b"authorization", f"Bearer {access.create_token(user, 'test')}".encode())]


def cookie_of(user: User, origin: str = "http://localhost") -> list[Header]:
    client = Client()
    client.force_login(user)
    return [(b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode()), (b"origin", origin.encode())]


async def connect(path: str, headers: list[Header]) -> WebsocketCommunicator:
    socket = WebsocketCommunicator(application, path, headers=[*headers, (b"host", b"localhost")])
    connected, _ = await socket.connect(timeout=WAIT_SECONDS)
    assert connected
    return socket


async def receive(socket: WebsocketCommunicator) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await socket.receive_from(timeout=WAIT_SECONDS))
    return message


async def closed_with(socket: WebsocketCommunicator) -> int:
    message = await socket.receive_output(timeout=WAIT_SECONDS)
    assert message["type"] == "websocket.close", message
    return int(message["code"])


class TestWhoGetsIn:
    async def test_nobody_without_a_sign_in(self) -> None:
        task_list = await in_db(a_list)
        for path in (f"/ws/boards/{task_list.id}/", f"/ws/events/list:{task_list.id}/"):
            socket = await connect(path, [(b"origin", b"http://localhost")])
            assert await closed_with(socket) == 4401

    async def test_nobody_to_a_list_that_is_not_theirs_or_not_there(self) -> None:
        task_list = await in_db(a_list)
        bob = await in_db(User.objects.create_user, "bob")
        headers = await in_db(token_of, bob)
        for topic in (f"list:{task_list.id}", f"list:{new_id()}", "list:x", "nonsense", "plan:x"):
            socket = await connect(f"/ws/events/{topic}/", headers)
            assert await closed_with(socket) == 4404

    async def test_a_revoked_token_opens_nothing(self) -> None:
        task_list = await in_db(a_list)
        headers = await in_db(token_of, await in_db(staff))
        await in_db(lambda: Token.objects.update(revoked_at="2026-01-01T00:00:00Z"))
        socket = await connect(f"/ws/events/list:{task_list.id}/", headers)
        assert await closed_with(socket) == 4401

    async def test_a_cookie_from_a_foreign_page_is_refused_before_the_handshake(self) -> None:
        task_list = await in_db(a_list)
        headers = await in_db(cookie_of, await in_db(staff), "http://evil.example")
        socket = WebsocketCommunicator(application, f"/ws/boards/{task_list.id}/", headers=headers)
        connected, _ = await socket.connect(timeout=WAIT_SECONDS)
        assert not connected

    async def test_with_a_bearer_token_the_cookie_counts_for_nothing(self) -> None:
        task_list = await in_db(a_list)
        headers = await in_db(cookie_of, await in_db(staff), "http://evil.example")
        socket = await connect(f"/ws/events/list:{task_list.id}/", [*headers, (b"authorization", b"Bearer wrong")])
        assert await closed_with(socket) == 4401

    async def test_one_who_signs_out_is_shown_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tasks_app.web.sockets.CHECK_SECONDS", 0.05)
        user = await in_db(staff)
        task_list = await in_db(a_list)
        headers = await in_db(cookie_of, user)
        socket = await connect(f"/ws/boards/{task_list.id}/?since={task_list.seq}", headers)
        await receive(socket)
        await in_db(Session.objects.all().delete)
        assert await closed_with(socket) == 4401


class TestPrograms:
    async def test_every_event_comes_once_and_in_order_over_many_connections(self) -> None:
        task_list = await in_db(a_list, *map(str, range(20)))
        headers = await in_db(token_of, await in_db(staff))
        got = await in_db(claim_all, await in_db(a_worker))
        seen: list[dict[str, Any]] = []

        async def work() -> None:
            for claim in got.values():
                await in_db(claims.complete, claim)

        working = asyncio.create_task(work())
        while not seen or seen[-1]["kind"] != "list.finished":
            since = seen[-1]["seq"] if seen else 0
            socket = await connect(f"/ws/events/list:{task_list.id}/?since={since}", headers)
            for _ in range(7):
                seen.append(await receive(socket))
                if seen[-1]["kind"] == "list.finished":
                    break
            await socket.disconnect()
        await working
        last = await in_db(lambda: TaskList.objects.get(pk=task_list.id).last_seq)
        assert [event["seq"] for event in seen] == list(range(1, last + 1))
        assert seen[0] == {
            "topic": f"list:{task_list.id}",
            "seq": 1,
            "kind": "list.created",
            "task": None,
            "at": seen[0]["at"],
            "actor": {"kind": "person", "name": "alice"},
            "data": {"title": "Chapters"},
        }
        assert seen[0]["at"].endswith("Z")

    async def test_without_since_a_snapshot_comes_first(self) -> None:
        task_list = await in_db(a_list, "a")
        headers = await in_db(token_of, await in_db(staff))
        socket = await connect(f"/ws/events/list:{task_list.id}/", headers)
        first = await receive(socket)
        assert (first["kind"], first["as_of_seq"], first["data"]["list"]["counts"]["pending"]) == ("snapshot", 3, 1)
        await in_db(task_lists.pause, task_list.id, actor=ALICE)
        assert (await receive(socket))["seq"] == 4
        await socket.disconnect()

    async def test_where_history_was_pruned_a_snapshot_stands_for_it(self) -> None:
        task_list = await in_db(a_list, "a")

        def prune() -> None:
            Event.objects.filter(topic=f"list:{task_list.id}", seq__lt=3).delete()
            TaskList.objects.filter(pk=task_list.id).update(first_seq=3)

        await in_db(prune)
        headers = await in_db(token_of, await in_db(staff))
        socket = await connect(f"/ws/events/list:{task_list.id}/?since=1", headers)
        assert (await receive(socket))["kind"] == "snapshot"
        await socket.disconnect()
        socket = await connect(f"/ws/events/list:{task_list.id}/?since=2", headers)
        assert (await receive(socket))["seq"] == 3
        await socket.disconnect()


class TestPages:
    async def test_a_page_gets_the_cards_that_changed_and_where_they_stand(self) -> None:
        task_list = await in_db(a_list, "a", "b")
        headers = await in_db(cookie_of, await in_db(staff))
        socket = await connect(f"/ws/boards/{task_list.id}/?since={task_list.seq}", headers)
        await receive(socket)
        got = await in_db(claim_all, await in_db(a_worker))
        frame = await receive(socket)
        ids = {key: f"task-{claim.task_pk}" for key, claim in got.items()}
        assert set(frame["cards"]) == set(ids.values())
        assert frame["columns"]["todo"] == []
        assert set(frame["columns"]["running"]) == set(ids.values())
        assert "facts" in frame["parts"]
        await in_db(claims.complete, got["a"], "It is short.")
        frame = await receive(socket)
        assert list(frame["cards"]) == [ids["a"]]
        assert "It is short." in frame["cards"][ids["a"]]
        assert (frame["columns"]["done"], frame["columns"]["running"]) == ([ids["a"]], [ids["b"]])
        await socket.disconnect()

    async def test_a_page_that_has_seen_all_events_gets_what_changes_without_one(self) -> None:
        task_list = await in_db(a_list, "a")
        headers = await in_db(cookie_of, await in_db(staff))
        await in_db(a_worker)  # since the page was made, say
        socket = await connect(f"/ws/boards/{task_list.id}/?since={task_list.seq}", headers)
        frame = await receive(socket)
        assert (frame["seq"], set(frame)) == (task_list.seq, {"seq", "parts"})
        assert set(frame["parts"]) == {"facts", "foot"}
        assert "1 worker" in frame["parts"]["foot"]
        await socket.disconnect()

    async def test_a_page_that_is_behind_gets_the_whole(self) -> None:
        task_list = await in_db(a_list, "a")
        headers = await in_db(cookie_of, await in_db(staff))
        socket = await connect(f"/ws/boards/{task_list.id}/?since=1", headers)
        frame = await receive(socket)
        assert (frame["seq"], len(frame["cards"]), set(frame["columns"])) == (
            task_list.seq,
            1,
            {"todo", "running", "waiting", "done", "failed", "skipped", "cancelled"},
        )
        await socket.disconnect()

    async def test_one_that_answers_nothing_is_spared_frames_and_then_gets_the_whole(self) -> None:
        task_list = await in_db(a_list, "a")
        headers = await in_db(cookie_of, await in_db(staff))
        slow = await connect(f"/ws/boards/{task_list.id}/?since={task_list.seq}", headers)
        quick = await connect(f"/ws/boards/{task_list.id}/?since={task_list.seq}", headers)
        last = (await receive(quick))["seq"]
        for n in range(30):
            await in_db(task_lists.resume if n % 2 else task_lists.pause, task_list.id, actor=ALICE)
            last = (await receive(quick))["seq"]
            await quick.send_to(json.dumps({"ack": last}))
        frames = []
        while not await slow.receive_nothing(timeout=0.2):
            frames.append(await receive(slow))
        assert len(frames) == 8
        await slow.send_to(json.dumps({"ack": frames[-1]["seq"]}))
        whole = await receive(slow)
        assert whole["seq"] == last
        assert "running" in whole["columns"]
        await slow.disconnect()
        await quick.disconnect()

    async def test_garbage_from_a_page_is_ignored(self) -> None:
        task_list = await in_db(a_list, "a")
        headers = await in_db(cookie_of, await in_db(staff))
        socket = await connect(f"/ws/boards/{task_list.id}/?since=x{task_list.seq}", headers)
        await receive(socket)
        for text in (" ", "[]", "{", '"ack"', '{"ack": "x"}', "\x00"):
            await socket.send_to(text)
        await socket.send_to(json.dumps({"resync": True}))
        assert len((await receive(socket))["cards"]) == 1
        await socket.disconnect()
