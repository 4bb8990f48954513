"""Workers made by hand: what their tools open, what they decline, and what they never touch."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from pydantic import BaseModel

from tasks_app.agents.task_worker import task_worker
from tasks_app.crossing import in_db, run_sync
from tasks_app.errors import TaskListNotFound
from tasks_app.models import Attempt, Event, Task, TaskListSnapshot
from tasks_app.services import interventions, leases, task_lists, tasks
from tasks_app.services.tasks import NewTask
from tests.agents.attempts import made, use
from tests.builders import ALICE, a_list, a_worker, check_books, claim_one, kill, kinds, statuses

pytestmark = pytest.mark.django_db(transaction=True)

EVERY_TOOL: list[tuple[str, dict[str, Any]]] = [
    ("start_task", {}),
    ("report_progress", {"message": "late"}),
    ("complete_task", {"result": "late"}),
    ("fail_task", {"error": "late"}),
]


class Review(BaseModel):
    title: str
    stars: int


async def rows() -> list[Any]:
    """All that a tool may write."""
    return await in_db(lambda: [list(model.objects.order_by("pk").values()) for model in (Task, Attempt, Event)])


class TestItsLife:
    async def test_it_starts_reports_and_completes(self) -> None:
        task_list = await made("intro")
        worker = task_worker(task_list.id, "intro")

        assert await use(worker, "start_task") == {"ok": True, "status": "in_progress"}
        assert await use(worker, "start_task") == {"ok": True, "status": "in_progress"}
        assert await use(worker, "report_progress", message="Page 2") == {"ok": True, "status": "in_progress"}
        assert await use(worker, "complete_task", result={"pages": 2}) == {"ok": True, "status": "completed"}

        assert await in_db(kinds, task_list) == [
            "list.created",
            "task.added",
            "task.started",
            "task.progress",
            "task.completed",
            "list.finished",
        ]
        assert (await in_db(tasks.get, task_list.id, "intro")).result == {"pages": 2}
        await in_db(check_books, task_list)

    async def test_a_worker_may_skip_the_start(self) -> None:
        task_list = await made("a", NewTask(id="b", max_attempts=2))

        assert (await use(task_worker(task_list.id, "a"), "complete_task"))["status"] == "completed"
        assert (await use(task_worker(task_list.id, "b"), "fail_task", error="x"))["status"] == "pending"
        for task_id in ("a", "b"):
            (attempt,) = await in_db(tasks.attempts_of, task_list.id, task_id)
            assert attempt.ended_at is not None
        await in_db(check_books, task_list)

    async def test_progress_before_the_start_is_declined(self) -> None:
        task_list = await made("a")
        before = await rows()
        declined = await use(task_worker(task_list.id, "a"), "report_progress", message="x")

        assert declined == {
            "ok": False,
            "error": "Task 'a' is pending, and this worker has not started it; start it first.",
            "status": "pending",
            "allowed": ["in_progress", "completed", "failed"],
        }
        assert await rows() == before

    @pytest.mark.parametrize("result", [float("nan"), "x" * 300_000])
    async def test_a_refused_result_leaves_a_pending_task_as_it_was(self, result: Any) -> None:
        task_list = await made("a")
        before = await rows()
        worker = task_worker(task_list.id, "a")
        declined = await use(worker, "complete_task", result=result)

        assert (declined["ok"], declined["status"]) == (False, "pending")
        assert declined["allowed"] == ["in_progress", "completed", "failed"]
        assert await rows() == before
        assert (await use(worker, "complete_task", result="fine"))["ok"]

    async def test_an_output_is_what_complete_task_takes(self) -> None:
        task_list = await made("a")
        worker = task_worker(task_list.id, "a", output=Review)

        assert list(worker.as_tools()["complete_task"].parameters["properties"]) == ["title", "stars"]
        assert "stars" in (await use(worker, "complete_task", title="x", stars="many"))["error"]
        assert (await use(worker, "complete_task", title="x", stars=3))["ok"]
        assert (await in_db(tasks.get, task_list.id, "a")).result == {"title": "x", "stars": 3}

    async def test_the_conditions_of_a_claim_hold(self) -> None:
        later = NewTask(id="later", not_before=timezone.now() + timedelta(days=1))
        task_list = await made(
            "a", NewTask(id="b", depends_on=["a"]), later, NewTask(id="gated", requires_approval=True)
        )
        before = await rows()
        for task_id, why in [("b", "waits for 'a'"), ("later", "may not start before"), ("gated", "awaits approval")]:
            for tool, arguments in EVERY_TOOL:
                declined = await use(task_worker(task_list.id, task_id), tool, **arguments)
                assert (declined["ok"], tool == "report_progress" or why in declined["error"]) == (False, True)
        await in_db(task_lists.pause, task_list.id, actor=ALICE)
        assert "paused" in (await use(task_worker(task_list.id, "a"), "start_task"))["error"]
        await in_db(task_lists.resume, task_list.id, actor=ALICE)
        assert (await rows())[:2] == before[:2]

    def test_plain_code_uses_it_too(self) -> None:
        task_list = a_list("a", started=False)
        tools = task_worker(task_list.id, "a").as_tools()
        for name, arguments in [("start_task", {}), ("report_progress", {"message": "1"}), ("complete_task", {})]:
            assert json.loads(run_sync(tools[name].execute, arguments))["ok"]  # type: ignore[arg-type]
        assert statuses(task_list) == {"a": "completed"}


class TestTheOthers:
    async def test_of_two_workers_with_one_task_the_second_is_told_who_holds_it(self) -> None:
        task_list = await made("a")
        one, two = task_worker(task_list.id, "a"), task_worker(task_list.id, "a")
        got = await asyncio.gather(use(one, "start_task"), use(two, "start_task"))

        (won,), (lost,) = ([each for each in got if each["ok"] is ok] for ok in (True, False))
        assert won["status"] == "in_progress"
        assert "is held by" in lost["error"]
        assert (lost["status"], lost["allowed"]) == ("in_progress", [])
        await in_db(check_books, task_list)

    async def test_one_that_was_declined_may_start_once_the_task_is_free(self) -> None:
        task_list = await made("a")
        one, two = task_worker(task_list.id, "a"), task_worker(task_list.id, "a")
        await use(one, "start_task")
        assert not (await use(two, "start_task"))["ok"]
        await in_db(interventions.cancel, task_list.id, "a", actor=ALICE)
        await in_db(interventions.retry, task_list.id, "a", actor=ALICE)

        assert (await use(two, "complete_task", result=2))["ok"]
        assert not (await use(one, "complete_task", result=1))["ok"]
        assert (await in_db(tasks.get, task_list.id, "a")).result == 2

    async def test_what_a_dead_worker_holds_is_taken_over(self) -> None:
        task_list = await made("a", started=True, agent="writer")

        def die() -> None:
            dead = a_worker()
            claim_one(dead)
            kill(dead)

        await in_db(die)
        assert (await use(task_worker(task_list.id, "a"), "complete_task", result="x"))["ok"]
        assert (await in_db(kinds, task_list))[-4:] == [
            "task.abandoned",
            "task.started",
            "task.completed",
            "list.finished",
        ]

    @pytest.mark.parametrize("end", ["cancel", "discard", "sweep", "hand back", "remove"])
    async def test_a_late_call_answers_no_and_changes_nothing(self, end: str) -> None:
        task_list = await made("a", "b")
        worker = task_worker(task_list.id, "a")
        await use(worker, "start_task")
        await in_db(_end_from_outside, task_list, end)
        before = await rows()

        for tool, arguments in EVERY_TOOL:
            declined = await use(worker, tool, **arguments)
            assert declined["ok"] is False
            assert declined.get("status") == {"remove": None, "cancel": "cancelled", "discard": "cancelled"}.get(
                end, "pending"
            )
            assert declined.get("allowed", []) == []
        assert await rows() == before
        assert worker.lost
        await in_db(check_books, task_list)

    async def test_once_ended_it_never_binds_again(self) -> None:
        task_list = await made(NewTask(id="a", max_attempts=5))
        worker = task_worker(task_list.id, "a")
        await use(worker, "fail_task", error="no sources")
        await in_db(lambda: Task.objects.update(not_before=None))
        before = await rows()

        for tool, arguments in EVERY_TOOL:
            declined = await use(worker, tool, **arguments)
            assert (declined["ok"], declined["status"], declined["allowed"]) == (False, "pending", [])
            assert "has already failed; what it said first stays" in declined["error"]
        assert await rows() == before

    async def test_a_task_or_list_that_is_not_there_is_an_answer(self) -> None:
        task_list = await made("a")
        for worker in (task_worker(task_list.id, "nobody"), task_worker(str(uuid4()), "a")):
            for tool, arguments in EVERY_TOOL:
                declined = await use(worker, tool, **arguments)
                assert list(declined) == ["ok", "error"]

    def test_a_list_id_that_is_none_is_refused_at_once(self) -> None:
        with pytest.raises(TaskListNotFound, match="'chapters'"):
            task_worker("chapters", "a")


def _end_from_outside(task_list: TaskListSnapshot, how: str) -> None:
    (attempt,) = Attempt.objects.select_related("worker")
    if how == "discard":
        task_lists.discard(task_list.id, "", actor=ALICE)
    elif how == "sweep":
        assert attempt.worker is not None
        kill(attempt.worker.snapshot())
        assert leases.sweep() == 1
    elif how == "hand back":
        leases.let_go([attempt.pk], "a person took it back")
    else:
        interventions.cancel(task_list.id, "a", actor=ALICE)
        if how == "remove":
            tasks.remove(task_list.id, "a", actor=ALICE)
