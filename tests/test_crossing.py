"""The border between async and sync, and what an error does to the connection behind it."""

import asyncio
import os
import signal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections, transaction

from tasks_app.crossing import in_db, run_sync


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is of no more use, as after the server's restart."""
    monkeypatch.setattr(type(connections[DEFAULT_DB_ALIAS]), "is_usable", lambda self: False)


def fail_once(error: Exception) -> Any:
    """Cross over to a service that raises; returns the connection that then stands, None if none does."""

    def service() -> None:
        connection.ensure_connection()
        raise error

    async def scenario() -> Any:
        with pytest.raises(type(error)):
            await in_db(service)
        return await in_db(lambda: connection.connection)

    return run_sync(scenario)


def test_what_a_service_returns_and_raises_comes_back() -> None:
    async def scenario() -> int:
        with pytest.raises(ZeroDivisionError):
            await in_db(divmod, 7, 0)
        return (await in_db(divmod, 7, 2))[0]

    assert run_sync(scenario) == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [OperationalError("the database is locked"), ValueError("no row's fault")])
def test_an_error_leaves_a_good_connection_open(error: Exception) -> None:
    connection.ensure_connection()
    before = connection.connection

    assert fail_once(error) is before


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("gone")])
def test_a_connection_of_no_more_use_is_dropped_and_the_next_call_gets_a_new_one(error: Exception) -> None:
    assert fail_once(error) is None

    assert run_sync(in_db, Group.objects.count) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("broken")
def test_no_connection_is_closed_under_a_transaction() -> None:
    with transaction.atomic():
        Group.objects.create(name="kept")
        fail_once(OperationalError("gone"))
        assert not connection.closed_in_transaction

    assert Group.objects.get().name == "kept"


@pytest.mark.django_db(transaction=True)
def test_ctrl_c_cancels_the_verb_and_comes_when_it_has_let_go() -> None:
    let_go: list[int] = []

    async def verb() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        try:
            while True:
                await in_db(Group.objects.count)
        finally:
            let_go.append(await in_db(Group.objects.count))

    with pytest.raises(KeyboardInterrupt):
        run_sync(verb)
    assert let_go == [0]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_does_not_wait() -> None:
    async def verb() -> str:
        interrupt = signal.getsignal(signal.SIGINT)
        assert callable(interrupt)
        interrupt(signal.SIGINT, None)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.Event().wait()
        with pytest.raises(KeyboardInterrupt):
            interrupt(signal.SIGINT, None)
        return "went on"

    assert run_sync(verb) == "went on"


def test_a_verb_that_is_cancelled_otherwise_says_so() -> None:
    async def verb() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run_sync(verb)


def test_the_bridge_refuses_where_a_loop_runs_and_says_what_to_write() -> None:
    async def verb() -> int:
        return 7

    async def scenario() -> None:
        run_sync(verb)

    with pytest.raises(RuntimeError, match="write `await verb"):
        run_sync(scenario)


def test_the_bridge_tells_who_calls_the_verb_himself_how_to_give_it() -> None:
    async def verb() -> None: ...

    with pytest.raises(TypeError, match="do not call it"):
        run_sync(verb())  # type: ignore[arg-type]


def test_the_bridge_tells_that_a_plain_call_needs_none() -> None:
    with pytest.raises(TypeError, match="len is no verb to be awaited; call it as it is"):
        run_sync(len, "four")  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True)
def test_over_the_bridge_a_verb_is_part_of_the_callers_transaction() -> None:
    async def verb() -> None:
        await in_db(Group.objects.create, name="writers")

    with transaction.atomic():
        run_sync(verb)
        assert Group.objects.exists()
        transaction.set_rollback(True)

    assert not Group.objects.exists()
