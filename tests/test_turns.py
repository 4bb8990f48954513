"""Writes of many at once share a transaction, and each still has its own result, error and fate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection

from tasks_app.crossing import in_db, in_turn
from tasks_app.errors import IllegalTransition
from tasks_app.models import TaskListSnapshot
from tasks_app.services import claims, interventions, task_lists
from tests.builders import ALICE, a_list, a_worker, check_books, claim_all, statuses

database: Any = connection  # each thread's own
pytestmark = pytest.mark.django_db(transaction=True)


async def arrange(count: int = 40) -> tuple[TaskListSnapshot, dict[str, claims.Claim]]:
    task_list = await in_db(a_list, *map(str, range(count)))
    return task_list, await in_db(claim_all, await in_db(a_worker))


async def commits(action: Callable[[], Any]) -> int:
    """How many transactions are committed while the action runs."""
    counted = 0

    def count() -> Callable[[], None]:
        real: Callable[[], None] = database._commit

        def counting() -> None:
            nonlocal counted
            counted += 1
            real()

        database._commit = counting
        return real

    real = await in_db(count)
    try:
        await action()
    finally:
        await in_db(lambda: setattr(database, "_commit", real))
    return counted


async def test_many_writes_at_once_share_few_transactions() -> None:
    task_list, got = await arrange()

    async def complete_all() -> None:
        done = await asyncio.gather(*(in_turn(task_list.id, claims.complete, c, c.task.id) for c in got.values()))
        assert [task.result for task in done] == list(got)

    assert await commits(complete_all) < 5
    assert set((await in_db(statuses, task_list)).values()) == {"completed"}
    await in_db(check_books, task_list)


async def test_an_error_is_its_callers_alone() -> None:
    task_list, got = await arrange(10)
    await in_db(claims.fail, got["3"], "no")
    outcomes = await asyncio.gather(
        *(in_turn(task_list.id, claims.complete, claim) for claim in got.values()), return_exceptions=True
    )
    assert [isinstance(one, IllegalTransition) for one in outcomes] == [n == 3 for n in range(10)]
    await in_db(check_books, task_list)


async def test_after_an_error_of_the_database_each_is_tried_alone() -> None:
    task_list, got = await arrange(10)
    tries: list[bool] = []

    def deadlocked() -> str:
        tries.append(connection.in_atomic_block)
        if connection.in_atomic_block:
            raise OperationalError("deadlock detected")
        return "alone"

    writes = [in_turn(task_list.id, claims.complete, claim) for claim in got.values()]
    *done, last = await asyncio.gather(*writes, in_turn(task_list.id, deadlocked))
    assert (tries, last) == ([True, False], "alone")
    assert {task.status for task in done} == {"completed"}  # type: ignore[attr-defined]
    await in_db(check_books, task_list)


async def test_a_commit_that_failed_is_told_to_all() -> None:
    task_list, got = await arrange(10)

    def break_commit() -> None:
        real: Callable[[], None] = database._commit

        def broken() -> None:
            database._commit = real
            raise OperationalError("disk full")

        database._commit = broken

    await in_db(break_commit)
    outcomes = await asyncio.gather(
        *(in_turn(task_list.id, claims.complete, claim) for claim in got.values()), return_exceptions=True
    )
    assert {str(one) for one in outcomes} == {"disk full"}
    assert set((await in_db(statuses, task_list)).values()) == {"in_progress"}
    await in_db(check_books, task_list)


async def test_one_who_stops_waiting_holds_up_nobody() -> None:
    task_list, got = await arrange(10)
    waits = [asyncio.ensure_future(in_turn(task_list.id, claims.complete, claim)) for claim in got.values()]
    await asyncio.sleep(0)
    waits[0].cancel()
    outcomes = await asyncio.gather(*waits, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert not any(isinstance(one, Exception) for one in outcomes[1:])
    await in_db(check_books, task_list)


async def test_a_person_who_steps_in_meanwhile_wins_or_loses_whole() -> None:
    task_list, got = await arrange(30)
    cancels = [in_db(interventions.cancel, task_list.id, task_id, actor=ALICE) for task_id in list(got)[::3]]
    completes = [in_turn(task_list.id, claims.complete, claim) for claim in got.values()]
    await asyncio.gather(*completes, *cancels, return_exceptions=True)
    assert (await in_db(task_lists.get, task_list.id)).finished
    await in_db(check_books, task_list)
