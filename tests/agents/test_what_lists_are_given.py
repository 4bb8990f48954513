"""Whatever a program gives a plan or a list by mistake is refused in words of ours, and nothing is half-written."""

from __future__ import annotations

from typing import Any

import pytest

from tasks_app.agents.list_handle import TaskListHandle
from tasks_app.agents.plan_agent import plan_agent
from tasks_app.agents.plans import create_plan
from tasks_app.agents.prompt import prompt
from tasks_app.agents.task_list_agent import task_list_agent
from tasks_app.agents.task_worker import task_worker
from tasks_app.agents.tasklist import create_handle, tasklist
from tasks_app.crossing import in_db
from tasks_app.errors import CruxError, PlanNotFound, TaskListNotFound, TaskNotFound, ValueRefused
from tests.agents.garbage import Verb, garbage, refused
from tests.builders import check_books

pytestmark = pytest.mark.django_db(transaction=True)


async def a_list_of_two() -> TaskListHandle:
    made = await tasklist(title="Teas", agent="shout")
    await made.add_tasks([{"id": "a"}, {"id": "c", "depends_on": ["a"]}])
    return made


FIELDS = [
    "label",
    "description",
    "input",
    "assignee",
    "depends_on",
    "priority",
    "max_attempts",
    "not_before",
    "metadata",
]


@pytest.mark.parametrize("field", [*FIELDS, "id", "parent", "requires_approval"])
async def test_a_new_task_is_whole_or_refused(field: str) -> None:
    for name, value in garbage().items():
        teas = await a_list_of_two()
        words = await refused(teas.add_tasks, [{"id": "b"} | {field: value}])
        there = [task.id for task in await teas.get_tasks()]
        assert len(there) == (2 if words else 3), name
        await in_db(check_books, await teas.get())


@pytest.mark.parametrize("field", [*FIELDS, "status", "reason"])
async def test_a_change_is_made_or_refused(field: str) -> None:
    teas = await a_list_of_two()
    for value in garbage().values():
        before = await teas.get_task("a")
        if await refused(teas.update_task, "a", **{field: value}):
            assert await teas.get_task("a") == before
    await in_db(check_books, await teas.get())


@pytest.mark.parametrize("verb", ["get_task", "get_attempts", "remove_task", "retry_task", "cancel_task", "skip_task"])
async def test_an_id_that_no_task_can_have_names_no_task(verb: str) -> None:
    teas = await a_list_of_two()
    for name, value in garbage().items():
        with pytest.raises(TaskNotFound):
            print(name, await getattr(teas, verb)(value))


@pytest.mark.parametrize("verb", ["retry_task", "cancel_task", "skip_task"])
async def test_a_reason_is_a_text(verb: str) -> None:
    for value in garbage().values():
        teas = await a_list_of_two()
        await refused(getattr(teas, verb), "a", value)
        await in_db(check_books, await teas.get())


@pytest.mark.parametrize("verb", ["pause", "resume", "discard", "add_tasks", "drain"])
async def test_what_is_done_to_a_list_is_done_or_refused(verb: str) -> None:
    for value in garbage().values():
        teas = await tasklist(agent="shout")
        await refused(getattr(teas, verb), value)
        known = await teas.get()
        assert all(len(reason) <= 500 for reason in known.pauses)
        await in_db(check_books, known)


@pytest.mark.parametrize("reason", ["", " \n"])
async def test_a_pause_has_a_reason(reason: str) -> None:
    teas = await tasklist()
    with pytest.raises(ValueRefused, match="needs a reason"):
        await teas.pause(reason)


@pytest.mark.parametrize("field", ["title", "plan_id", "metadata", "agent", "concurrency", "created_by"])
async def test_a_list_is_made_or_refused(field: str) -> None:
    for value in garbage().values():
        await refused(tasklist, **{field: value})


@pytest.mark.parametrize("field", ["title", "content", "metadata", "created_by"])
async def test_a_plan_is_written_or_refused(field: str) -> None:
    plan = await create_plan(title="Tea")
    for value in garbage().values():
        await refused(create_plan, **{"title": "Tea"} | {field: value})
        if field != "created_by":
            await refused(plan.update, **{field: value})
    assert len(await plan.revisions()) == (await plan.get()).version


async def test_the_owner_of_a_list_is_a_user_and_not_a_name() -> None:
    with pytest.raises(ValueRefused, match="created_by is a user, not 'alice'"):
        await tasklist(created_by="alice")  # type: ignore[arg-type]


@pytest.mark.parametrize("verb", [create_handle, task_list_agent, lambda value: task_worker(value, "a")])
def test_what_can_be_no_id_of_a_list_names_none(verb: Verb) -> None:
    for name, value in garbage().items():
        if "UUID" not in name:
            with pytest.raises(TaskListNotFound):
                verb(value)


def test_what_can_be_no_id_of_a_plan_names_none() -> None:
    for name, value in garbage().items():
        if "UUID" not in name:
            with pytest.raises(PlanNotFound):
                plan_agent(value)


async def test_the_tools_of_a_worker_answer_whatever_they_are_given() -> None:
    for value in garbage().values():
        teas = await a_list_of_two()
        for name, made in teas.worker("a").as_tools().items():
            if name != "start_task":
                assert "ok" in await made.call(value)
        for name in ("result", "message", "error"):
            for made in teas.worker("a").as_tools().values():
                assert "ok" in await made.call({name: value})
        for made in teas.worker(value).as_tools().values():
            assert '"ok": false' in await made.call({"message": "a", "error": "a"} if "task" not in made.name else {})
        await in_db(check_books, await teas.get())


@pytest.mark.parametrize("field", ["guidelines", "priority", "output"])
async def test_a_worker_is_made_or_refused(field: str) -> None:
    teas = await a_list_of_two()

    async def told(value: Any) -> None:
        made = teas.worker("a", **{field: value})
        await prompt(use=[made.as_context()]).inspect()

    for value in garbage().values():
        await refused(told, value)


async def test_an_assignee_that_is_only_a_name_is_refused_with_what_it_is() -> None:
    teas = await tasklist()
    with pytest.raises(ValueRefused, match=r"The assignee of task 'a', \{agent, model\}, is a dict, not 'shout'"):
        await teas.add_task("a", assignee="shout")  # type: ignore[arg-type]


async def test_ids_to_wait_for_may_come_from_a_generator() -> None:
    teas = await a_list_of_two()
    made = await teas.add_task("b", depends_on=(id for id in ("a", "c")))  # type: ignore[arg-type]
    assert made.waiting_for == 2
    with pytest.raises(CruxError, match="itself"):
        await teas.add_task("d", depends_on=iter(["d"]))  # type: ignore[arg-type]
