"""Agents and workers where they live: in a pool, each attempt ended, whatever it did."""

import asyncio
from functools import partial
from typing import Any

import pytest

from tasks_app.agents import registry
from tasks_app.agents.registry import agent, worker
from tasks_app.crossing import in_db
from tasks_app.errors import ModelError
from tasks_app.llm.scripted import ScriptedModel, call
from tasks_app.models import TaskListSnapshot, TaskSnapshot
from tasks_app.pool import Pool
from tasks_app.services import interventions, task_lists, tasks
from tasks_app.services.tasks import NewTask
from tests.agents.attempts import ModelsOf
from tests.builders import ALICE, a_list, a_worker, check_books

pytestmark = pytest.mark.django_db(transaction=True)


async def work_off(model: ScriptedModel, *new: NewTask, meanwhile: Any = None) -> dict[str, TaskSnapshot]:
    """Let a pool work on these tasks until their list is finished; how each stands then."""
    task_list: TaskListSnapshot = await in_db(a_list, *new)
    host = await in_db(a_worker)
    models, stop = ModelsOf(model), asyncio.Event()
    serving = asyncio.create_task(Pool(host.id, 20, partial(_attempt, models)).serve(stop))
    async with asyncio.timeout(60):
        if meanwhile is not None:
            await meanwhile(task_list)
        while not (await in_db(task_lists.get, task_list.id)).finished:
            await asyncio.sleep(0.02)
        stop.set()
        await serving
    await in_db(check_books, task_list)
    return {task.id: await in_db(tasks.get, task_list.id, task.id) for task in new}


async def _attempt(models: ModelsOf, claim: Any) -> None:
    await registry.run_attempt(claim, models)


async def test_a_batch_goes_on_whatever_one_of_its_tasks_does() -> None:
    good: list[Any] = [call("start_task"), call("complete_task", result="x"), "Done."]
    agent(id="writer", prompt="You write.", model=ScriptedModel(good, by_turn=True))
    agent(id="mute", prompt="x", model=ScriptedModel(["", ""], by_turn=True))
    agent(id="broke", prompt="x", model=ScriptedModel([ModelError("no credit", retryable=False)], by_turn=True))

    @worker("crash")
    def crash(text: str) -> None:
        raise SystemExit(text)

    ended = await work_off(
        ScriptedModel([]),
        NewTask(id="good"),
        NewTask(id="mute", agent="mute"),
        NewTask(id="broke", agent="broke", max_attempts=3),
        NewTask(id="crash", agent="crash", input="bye"),
        NewTask(id="nobody", agent="nobody", max_attempts=3),
    )

    assert {key: task.status for key, task in ended.items()} == {
        "good": "completed",
        "mute": "failed",
        "broke": "failed",
        "crash": "failed",
        "nobody": "failed",
    }
    assert ended["broke"].error == "no credit"
    assert "SystemExit: bye" in ended["crash"].error
    assert ended["nobody"].error.startswith("There is no agent 'nobody'. Known are: ")
    assert [ended[key].attempt for key in ("broke", "nobody")] == [1, 1]


async def test_a_second_attempt_is_told_why_the_first_failed() -> None:
    script: list[Any] = [call("fail_task", error="no sources"), "Sorry.", call("complete_task", result="x"), "Done."]
    model = ScriptedModel(script)
    agent(id="writer", prompt="You write.")
    ended = await work_off(model, NewTask(id="intro", max_attempts=2))

    assert (ended["intro"].status, ended["intro"].attempt) == ("completed", 2)
    assert "mend what it says: no sources" in model.calls[2].messages[0]["content"]


async def test_a_task_cancelled_while_its_model_thinks_is_let_go_and_its_neighbours_go_on() -> None:
    thinking = ScriptedModel(["never said"], gate=asyncio.Event(), by_turn=True)
    agent(id="writer", prompt="You write.")
    agent(id="slow", prompt="x", model=thinking)

    async def cancel(task_list: TaskListSnapshot) -> None:
        await thinking.reached(1)
        await in_db(interventions.cancel, task_list.id, "slow", actor=ALICE)

    model = ScriptedModel([call("complete_task", result="x"), "Done."], by_turn=True)
    ended = await work_off(model, NewTask(id="slow", agent="slow"), NewTask(id="intro"), meanwhile=cancel)

    assert (ended["slow"].status, ended["intro"].status) == ("cancelled", "completed")
