"""What a handle of a task list does and refuses, beyond that each verb can be called."""

from __future__ import annotations

from typing import Any

import pytest

from tasks_app.agents.plans import create_plan
from tasks_app.agents.tasklist import tasklist
from tasks_app.crossing import in_db
from tasks_app.errors import (
    CruxError,
    DependencyRefused,
    DuplicateTaskId,
    IllegalTransition,
    PlanNotFound,
    ValueRefused,
)
from tasks_app.models import TaskListSnapshot, TaskSnapshot
from tasks_app.services import claims, events
from tasks_app.services.tasks import NewTask
from tests.agents.handles import NOBODYS, a_handle, use
from tests.builders import a_worker, claim_all, claim_one

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_removed_id_stays_taken() -> None:
    handle = await a_handle("intro")
    await handle.remove_task("intro")

    with pytest.raises(DuplicateTaskId, match="'intro'"):
        await handle.add_task("intro")


async def test_of_tasks_added_together_all_are_there_or_none() -> None:
    handle = await a_handle("intro")

    with pytest.raises(DependencyRefused, match="'nowhere'"):
        await handle.add_tasks([{"id": "body"}, {"id": "end", "depends_on": ["nowhere"]}])
    assert [task.id for task in await handle.get_tasks()] == ["intro"]


async def test_one_of_several_may_depend_on_a_later_one() -> None:
    handle = await a_handle()
    added = await handle.add_tasks([{"id": "end", "depends_on": ["body"]}, {"id": "body"}])

    assert [task.waiting_for for task in added] == [1, 0]


async def test_a_task_behind_one_that_has_failed_is_told_as_skipped() -> None:
    handle = await a_handle("intro")
    await in_db(lambda: claims.fail(claim_one(), "no sources"))

    assert (await handle.add_task("body", depends_on=["intro"])).status == "skipped"


async def test_a_task_that_needs_approval_is_told_as_waiting_for_it() -> None:
    assert (await (await a_handle()).add_task("intro", requires_approval=True)).status == "awaiting_approval"


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        ({"label": "x"}, "needs an id"),
        ({"id": "a", "lable": "x"}, "'a' has no 'lable'"),
        ({"id": "a", "assignee": {"name": "x"}}, "'a' has no 'name'"),
        ({"id": "a", "depends_on": "intro"}, r"\['intro'\]"),
        ({"id": "a", "priority": 2**40}, "priority"),
    ],
)
async def test_a_task_that_is_written_wrongly_is_refused(draft: Any, words: str) -> None:
    handle = await a_handle("intro")

    with pytest.raises(ValueRefused, match=words):
        await handle.add_tasks([draft])
    assert len(await handle.get_tasks()) == 1


async def test_a_removal_names_those_that_depend_on_the_task() -> None:
    handle = await a_handle("intro", NewTask(id="body", depends_on=["intro"]), NewTask(id="end", depends_on=["intro"]))

    with pytest.raises(DependencyRefused, match="'body', 'end' depend on it"):
        await handle.remove_task("intro")


async def test_a_running_task_is_not_removed() -> None:
    handle = await a_handle("intro")
    await in_db(claim_one)

    with pytest.raises(IllegalTransition, match="cancel it first"):
        await handle.remove_task("intro")


async def test_a_retry_behind_one_that_stands_failed_names_it() -> None:
    handle = await a_handle("intro", NewTask(id="body", depends_on=["intro"]))
    await in_db(lambda: claims.fail(claim_one(), "no sources"))

    with pytest.raises(DependencyRefused, match="retry 'intro'"):
        await handle.retry_task("body")


@pytest.mark.parametrize("status", ["completed", "failed", "in_progress", "awaiting_approval", "todo", "done"])
async def test_an_update_makes_a_task_skipped_or_cancelled_and_nothing_else(status: Any) -> None:
    handle = await a_handle("intro")

    with pytest.raises(IllegalTransition) as refused:
        await handle.update_task("intro", label="Other", status=status)
    assert (refused.value.status, refused.value.allowed) == ("pending", ("skipped", "cancelled"))
    assert (await handle.get_task("intro")).label == "intro"


async def test_what_has_ended_moves_no_more_and_says_what_would_help() -> None:
    handle = await a_handle("intro")
    await in_db(lambda: claims.complete(claim_one(), "done"))

    for move in (handle.skip_task("intro"), handle.cancel_task("intro")):
        with pytest.raises(IllegalTransition, match="retry it to run it again") as refused:
            await move
        assert refused.value.status == "completed"


async def test_an_unknown_field_of_an_update_is_refused() -> None:
    handle = await a_handle("intro")
    wrong: Any = {"lable": "x"}

    with pytest.raises(ValueRefused, match="'lable'"):
        await handle.update_task("intro", **wrong)


async def test_a_pause_holds_what_would_begin_and_a_person_can_lift_it() -> None:
    handle = await a_handle("intro")
    worker = await in_db(a_worker)
    assert (await handle.pause()).pauses == ("person",)
    assert await in_db(claim_all, worker) == {}
    await handle.resume()

    assert list(await in_db(claim_all, worker)) == ["intro"]


async def test_a_list_is_not_served_before_it_is_started() -> None:
    handle = await a_handle("intro", started=False)
    worker = await in_db(a_worker)
    assert await in_db(claim_all, worker) == {}
    await handle.start()

    assert list(await in_db(claim_all, worker)) == ["intro"]


async def test_moves_are_the_programs_and_say_why() -> None:
    handle = await a_handle("intro", started=False)
    await handle.cancel_task("intro", "too long")
    newest = (await in_db(events.after, f"list:{handle.id}", 0))[-2]

    assert (newest.kind, newest.actor_kind, newest.data["reason"]) == ("task.cancelled", "program", "too long")


async def test_what_is_read_is_typed() -> None:
    handle = await a_handle("intro")
    task: TaskSnapshot = await handle.get_task("intro")
    known: TaskListSnapshot = await handle.get()
    counts: dict[str, int] = await handle.summary()

    assert (task.id, known.total, sum(counts.values())) == ("intro", 1, 1)


@pytest.mark.parametrize(
    ("title", "plan", "told"), [("", "", "Task list"), ("", "Book", "Book"), ("Mine", "Book", "Mine")]
)
async def test_a_list_has_its_own_title_or_its_plans(title: str, plan: str, told: str) -> None:
    plan_id = (await create_plan(title=plan)).id if plan else None
    known = await (await tasklist(title=title, plan_id=str(plan_id) if plan_id else None)).get()

    assert (known.title, known.plan_id, known.started_at) == (told, plan_id, None)


@pytest.mark.parametrize(
    "options", [{"plan_id": NOBODYS}, {"plan_id": "book"}, {"concurrency": 0}, {"metadata": {"a": {1}}}]
)
async def test_a_list_that_is_described_wrongly_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(CruxError) as refused:
        await tasklist(**options)
    assert isinstance(refused.value, PlanNotFound if "plan_id" in options else ValueRefused)


async def test_a_worker_of_the_handle_is_the_worker_of_that_task_as_it_is_described() -> None:
    handle = await a_handle("intro", "body")
    worker = handle.worker("body", guidelines="Be brief.", priority=7, output=list[str])
    context = worker.as_context()

    assert (context.priority, (await context.render()).endswith("Be brief.")) == (7, True)
    assert (await use(worker, "complete_task", result=3))["ok"] is False
    assert await use(worker, "complete_task", result=["done"]) == {"ok": True, "status": "completed"}
    assert [(task.id, task.result) for task in await handle.get_tasks()] == [("intro", None), ("body", ["done"])]


async def test_a_worker_of_the_handle_may_be_told_of_its_task_in_other_words() -> None:
    handle = await a_handle("intro", "body")

    def render(task: TaskSnapshot, all_tasks: list[TaskSnapshot]) -> str:
        return f"{task.id} of {len(all_tasks)}"

    assert await handle.worker("body", render_context=render).as_context().render() == "body of 2"
