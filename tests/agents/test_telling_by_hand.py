"""What a worker made by hand tells: its model of the assignment, and people of its progress."""

from uuid import uuid4

import pytest

from tasks_app.agents import progress
from tasks_app.agents.task_worker import task_worker
from tasks_app.crossing import in_db, run_sync
from tasks_app.models import Event, TaskListSnapshot, TaskSnapshot
from tasks_app.services import interventions, tasks
from tasks_app.services.tasks import NewTask
from tests.agents.attempts import made, use
from tests.builders import ALICE, a_list

pytestmark = pytest.mark.django_db(transaction=True)


class TestItsProgress:
    async def test_it_is_told_twice_a_second_at_most_and_the_last_of_it_always(self) -> None:
        task_list = await made("a")
        worker = task_worker(task_list.id, "a")
        await use(worker, "start_task")
        for n in range(5):
            assert await use(worker, "report_progress", message=f"page {n}") == {"ok": True, "status": "in_progress"}
        await use(worker, "complete_task")

        assert await in_db(_progress_of, task_list) == ["page 0", "page 4"]

    async def test_what_waits_for_its_turn_is_declined_if_the_attempt_was_lost(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(progress, "PACE_SECONDS", 3600)
        task_list = await made("a")
        worker = task_worker(task_list.id, "a")
        await use(worker, "start_task")
        await use(worker, "report_progress", message="one")
        await in_db(interventions.cancel, task_list.id, "a", actor=ALICE)

        assert not (await use(worker, "report_progress", message="two"))["ok"]

    def test_what_a_closed_loop_left_unsaid_is_not_said_after_newer_words(self) -> None:
        task_list = a_list("a", started=False)
        worker = task_worker(task_list.id, "a")

        async def report(*messages: str) -> None:
            for message in messages:
                await use(worker, "report_progress", message=message)

        run_sync(use, worker, "start_task")
        run_sync(report, "1", "2")
        run_sync(report, "3", "4")
        run_sync(use, worker, "complete_task")
        assert _progress_of(task_list) == ["1", "3", "4"]


class TestItsContext:
    async def test_it_tells_the_task_as_it_stands_when_rendered(self) -> None:
        task_list = await made(NewTask(id="a", label="Chapter one", agent="writer", input={"n": 1}))
        worker = task_worker(str(task_list.id), "a")
        context = worker.as_context()

        assert context.priority == 95
        rendered = await context.render()
        assert "**Task:** Chapter one (assigned to writer)\n**Status:** pending\n" in rendered
        assert '{"n": 1}' in rendered
        assert "- Call `complete_task` once" in rendered
        await use(worker, "start_task")
        await use(worker, "report_progress", message="Page 2")
        assert "**Status:** in_progress\n**Progress:** Page 2" in await context.render()

    async def test_guidelines_and_priority_may_be_ones_own(self) -> None:
        task_list = await made("a")
        context = task_worker(task_list.id, "a", guidelines="Be quick.", priority=7).as_context()
        assert context.priority == 7
        assert (await context.render()).endswith("## Guidelines\nBe quick.")

    @pytest.mark.parametrize("is_async", [True, False])
    async def test_the_whole_may_be_rendered_from_the_task_and_all_of_the_list(self, is_async: bool) -> None:
        task_list = await made("b", "a", "c")
        await in_db(tasks.remove, task_list.id, "c", actor=ALICE)

        def render(task: TaskSnapshot, all_tasks: list[TaskSnapshot]) -> str:
            return f"{task.label}: {', '.join(each.id for each in all_tasks)}"

        async def render_later(task: TaskSnapshot, all_tasks: list[TaskSnapshot]) -> str:
            return render(task, all_tasks)

        worker = task_worker(task_list.id, "a", render_context=render_later if is_async else render)
        assert await worker.as_context().render() == "a: b, a"

    async def test_of_a_task_that_is_not_there_nothing_is_told(self) -> None:
        task_list = await made("a")
        await in_db(tasks.remove, task_list.id, "a", actor=ALICE)
        for list_id in (task_list.id, uuid4()):
            worker = task_worker(list_id, "a", render_context=lambda task, all_tasks: "x")
            assert await worker.as_context().render() == ""


def _progress_of(task_list: TaskListSnapshot) -> list[str]:
    events = Event.objects.after(f"list:{task_list.id}", 0).filter(kind="task.progress")
    return [event.data["message"] for event in events]
