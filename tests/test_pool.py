"""The pool: one loop, many attempts, and every way in which one can end by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import OperationalError

from tasks_app.crossing import in_db
from tasks_app.errors import ModelError, UnknownAgent
from tasks_app.models import Attempt, Task
from tasks_app.services import claims, task_lists
from tasks_app.services.claims import Claim
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, a_list, a_worker, check_books, claim_all, kill, kinds, statuses
from tests.pools import Serving, attempt_of, complete, finished, serve_until_finished

pytestmark = pytest.mark.django_db


def test_every_task_of_every_started_list_is_done() -> None:
    one, two = a_list("a", "b", "c"), a_list("d")
    Serving(complete, 2).serve(finished(one), finished(two))
    assert statuses(one) | statuses(two) == dict.fromkeys("abcd", "completed")
    assert attempt_of(two, "d").result == "D"
    check_books(one)


def test_no_more_run_at_once_than_there_are_slots() -> None:
    most = now = 0

    async def run(claim: Claim) -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        await complete(claim)

    serve_until_finished(a_list(*"abcdefgh"), run, slots=3)
    assert most == 3


def test_dependents_start_when_what_they_wait_for_is_done() -> None:
    order: list[str] = []

    async def run(claim: Claim) -> None:
        order.append(claim.task.id)
        await complete(claim)

    serve_until_finished(a_list("a", NewTask(id="b", depends_on=["a"]), NewTask(id="c", depends_on=["b"])), run)
    assert order == ["a", "b", "c"]


def noted(error: Exception, note: str) -> Exception:
    """An error with a note on it."""
    error.add_note(note)
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("no such page"), "ValueError: no such page"),
        (noted(ValueError("no such page"), "in context 'book'"), "ValueError: no such page (in context 'book')"),
        (ValueError(), "ValueError"),
        (ModelError("The provider said no."), "The provider said no."),
        (SystemExit(3), "SystemExit: 3"),
        (ExceptionGroup("two at once", [KeyError("x")]), "KeyError: 'x'"),
        (asyncio.CancelledError(), "It was cancelled from within."),
        (None, "The worker ended without completing or failing the task."),
    ],
)
def test_what_an_attempt_raises_or_leaves_open_is_its_failure_in_words(error: BaseException | None, words: str) -> None:
    async def run(claim: Claim) -> None:
        if error is not None:
            raise error

    task_list = a_list("a")
    serve_until_finished(task_list, run)
    attempt = attempt_of(task_list, "a")
    assert (attempt.status, attempt.error) == ("failed", words)
    check_books(task_list)


@pytest.mark.parametrize(
    "error",
    [TypeError("x"), NameError("x"), NotImplementedError(), UnknownAgent("x"), ModelError("x", retryable=False)],
)
def test_a_mistake_in_the_code_is_not_tried_again(error: Exception) -> None:
    async def run(claim: Claim) -> None:
        raise error

    task_list = a_list(NewTask(id="a", max_attempts=3))
    serve_until_finished(task_list, run)
    assert attempt_of(task_list, "a").number == 1


def test_another_error_is_tried_again_while_there_are_tries() -> None:
    async def run(claim: Claim) -> None:
        if claim.number == 1:
            raise ValueError("not yet")
        await in_db(claims.complete, claim, claim.task.feedback)

    task_list = a_list(NewTask(id="a", max_attempts=2))
    serve_until_finished(task_list, run)
    assert Task.objects.get(task_list=task_list.id).result == "ValueError: not yet"


def test_what_is_raised_after_the_end_changes_nothing() -> None:
    async def run(claim: Claim) -> None:
        await complete(claim)
        raise ValueError("too late")

    task_list = a_list("a")
    serve_until_finished(task_list, run)
    assert statuses(task_list) == {"a": "completed"}
    check_books(task_list)


def test_a_task_that_has_cost_four_workers_runs_without_neighbours() -> None:
    task_list = a_list(*"abcdef")
    Task.objects.filter(task_list=task_list.id, key="c").update(abandoned_count=4)
    now: set[str] = set()
    beside: dict[str, set[str]] = {}

    async def run(claim: Claim) -> None:
        now.add(claim.task.id)
        await asyncio.sleep(0.05)
        beside[claim.task.id] = set(now)
        now.discard(claim.task.id)
        await complete(claim)

    serve_until_finished(task_list, run)
    assert beside["c"] == {"c"}
    assert {"a", "b"} <= beside["a"] | beside["b"]
    assert statuses(task_list) == dict.fromkeys("abcdef", "completed")


def test_the_tasks_of_a_dead_worker_are_taken_over() -> None:
    task_list = a_list("a")
    dead = a_worker(pid=99)
    claim_all(dead)
    kill(dead)
    serve_until_finished(task_list, complete)
    assert list(Attempt.objects.order_by("number").values_list("status", flat=True)) == ["abandoned", "completed"]
    assert "task.abandoned" in kinds(task_list)


def test_a_database_that_fails_for_a_while_costs_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks_app.pool.BACKOFF_SECONDS", 0.01)
    failures = dict.fromkeys(("claim", "fail", "start"), 2)

    def flaky(name: str) -> None:
        real = getattr(claims, name)

        def verb(*args: Any, **kwargs: Any) -> Any:
            failures[name] -= 1
            if failures[name] >= 0:
                raise OperationalError("the database is away")
            return real(*args, **kwargs)

        monkeypatch.setattr(claims, name, verb)

    for name in failures:
        flaky(name)

    async def run(claim: Claim) -> None:
        if claim.task.id == "a":
            raise ValueError("no")
        await complete(claim)

    task_list = a_list("a", "b")
    serve_until_finished(task_list, run)
    assert statuses(task_list) == {"a": "failed", "b": "completed"}
    assert attempt_of(task_list, "a").error == "ValueError: no"


def test_news_wakes_an_idle_pool() -> None:
    news = asyncio.Event()
    waits: list[float] = []

    async def wake(seconds: float) -> None:
        waits.append(seconds)
        await news.wait()

    def start() -> bool:
        task_lists.start(task_list.id, actor=ALICE)
        return True

    async def tell() -> None:
        news.set()

    task_list = a_list("a", started=False)
    Serving(complete, 1, wake).serve(lambda: waits, start, tell, finished(task_list))
    assert waits[0] == 1.0
