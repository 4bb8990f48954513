"""A drain within an attempt: work that makes a list of its own, and sees to it."""

import asyncio

import pytest

from tasks_app.agents.drain import drain
from tasks_app.agents.registry import worker
from tasks_app.agents.scope import current_attempt, stop_requested
from tasks_app.agents.threads import _Threads
from tasks_app.conf import conf
from tasks_app.crossing import in_db, run_sync
from tasks_app.models import Event
from tasks_app.services import tasks
from tests.builders import a_list, check_books

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def seen() -> list[str]:
    """The tasks that agent "writer" found itself at."""
    seen: list[str] = []

    @worker("writer")
    async def write(_: None) -> None:
        seen.append(current_attempt().task.id)

    return seen


async def test_a_worker_drains_a_list_of_its_own_and_is_then_where_it_was(seen: list[str]) -> None:
    @worker("manager")
    async def manage(_: None) -> str:
        parts = await in_db(a_list, "a", "b", started=False)
        assert (await drain(parts.id))["completed"] == 2
        assert not stop_requested()
        started = await in_db(Event.objects.get, topic=f"list:{parts.id}", kind="list.started")
        assert (started.actor_kind, started.actor_name) == ("agent", "manager")
        return current_attempt().task.id

    whole = await in_db(a_list, "whole", agent="manager")
    assert (await drain(whole.id))["completed"] == 1
    assert seen == ["a", "b"]
    assert (await in_db(tasks.get, whole.id, "whole")).result == "whole"
    await in_db(check_books, whole)


async def test_so_do_plain_functions_however_few_threads_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "worker_concurrency", 1)
    monkeypatch.setattr("tasks_app.agents.threads._threads", _Threads())

    @worker("writer")
    def write(_: None) -> None:
        return None

    @worker("manager")
    def manage(_: None) -> str:
        assert run_sync(drain, a_list("a", "b", started=False).id)["completed"] == 2
        return current_attempt().task.id

    whole = await in_db(a_list, "one", "two", "three", agent="manager")
    counts = await asyncio.wait_for(drain(whole.id, concurrency=2), 30)
    assert counts["completed"] == 3
    assert (await in_db(tasks.get, whole.id, "three")).result == "three"


async def test_an_attempt_that_drains_its_own_list_is_refused() -> None:
    @worker("ouroboros")
    async def bite(_: None) -> None:
        await drain(current_attempt().list_id)

    task_list = await in_db(a_list, "tail", agent="ouroboros")
    assert (await drain(task_list.id))["failed"] == 1
    assert "Task 'tail' drains the list it is part of" in (await in_db(tasks.get, task_list.id, "tail")).error
