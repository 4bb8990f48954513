"""How a pool stops work: one attempt that another has ended or that takes too long, and all of them at its own stop."""

from __future__ import annotations

import asyncio

import pytest

from tasks_app.conf import conf
from tasks_app.crossing import in_db, run_sync
from tasks_app.services import interventions
from tasks_app.services.claims import Claim
from tests.builders import ALICE, a_list, check_books, statuses
from tests.pools import Serving, attempt_of, complete, finished, until

pytestmark = pytest.mark.django_db


def test_a_cancelled_task_is_really_stopped_and_its_slot_freed() -> None:
    task_list = a_list("a", "b")
    stopped: list[str] = []

    async def run(claim: Claim) -> None:
        if claim.task.id == "b":
            return await complete(claim)
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(claim.task.id)

    def cancel() -> bool:
        interventions.cancel(task_list.id, "a", actor=ALICE)
        return True

    Serving(run, 1).serve(lambda: statuses(task_list)["a"] == "in_progress", cancel, finished(task_list))
    assert stopped == ["a"]
    assert statuses(task_list) == {"a": "cancelled", "b": "completed"}
    assert attempt_of(task_list, "a").stopped_at is not None
    check_books(task_list)


def test_a_slot_stays_taken_until_cancelled_work_lets_go() -> None:
    task_list = a_list("a", "b")
    gate, cancelled = asyncio.Event(), asyncio.Event()

    async def run(claim: Claim) -> None:
        if claim.task.id == "b":
            return await complete(claim)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            await gate.wait()

    def cancel() -> bool:
        interventions.cancel(task_list.id, "a", actor=ALICE)
        return True

    async def check_and_open() -> None:
        await cancelled.wait()
        assert (await in_db(attempt_of, task_list, "a")).stopped_at is None
        assert serving.pool.running == 1
        assert (await in_db(statuses, task_list))["b"] == "pending"
        gate.set()

    serving = Serving(run, 1)
    serving.serve(lambda: statuses(task_list)["a"] == "in_progress", cancel, check_and_open, finished(task_list))
    assert attempt_of(task_list, "a").stopped_at is not None


def test_an_attempt_beyond_its_deadline_fails_and_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "attempt_seconds", 0.05)
    stopped: list[str] = []

    async def run(claim: Claim) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(claim.task.id)

    task_list = a_list("a")
    Serving(run, 1).serve(finished(task_list), lambda: stopped == ["a"])
    attempt = attempt_of(task_list, "a")
    assert (attempt.status, attempt.error) == ("failed", "It took longer than 0.05 s (CRUX_ATTEMPT_SECONDS).")


def test_at_the_stop_nothing_is_claimed_and_what_is_nearly_done_gets_done() -> None:
    task_list = a_list("a", "b")
    serving: Serving

    async def run(claim: Claim) -> None:
        serving.stop.set()
        await asyncio.sleep(0.05)
        await complete(claim)

    serving = Serving(run, 1)
    run_sync(serving.pool.serve, serving.stop)
    assert statuses(task_list) == {"a": "completed", "b": "pending"}


@pytest.mark.parametrize("deaf", [False, True], ids=["listens", "hides its cancellation"])
def test_at_the_stop_what_does_not_end_in_time_is_given_back(monkeypatch: pytest.MonkeyPatch, deaf: bool) -> None:
    monkeypatch.setattr(conf, "drain_seconds", 0.05)

    async def run(claim: Claim) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not deaf:
                raise

    task_list = a_list("a")
    Serving(run, 1).serve(lambda: statuses(task_list) == {"a": "in_progress"})
    assert statuses(task_list) == {"a": "pending"}
    assert attempt_of(task_list, "a").status == "released"
    check_books(task_list)


def test_what_does_not_let_go_at_the_stop_is_given_back_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "drain_seconds", 0)
    gate = asyncio.Event()

    async def run(claim: Claim) -> None:
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                continue

    async def scenario() -> None:
        serving = asyncio.create_task(pool.pool.serve(pool.stop))
        await until(lambda: statuses(task_list) == {"a": "in_progress"})
        pool.stop.set()
        await serving
        assert await in_db(statuses, task_list) == {"a": "pending"}
        gate.set()

    task_list = a_list("a")
    pool = Serving(run, 1)
    run_sync(scenario)
    assert attempt_of(task_list, "a").status == "released"
