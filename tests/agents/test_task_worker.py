"""The worker of one task: its context and its four tools."""

from typing import Any

import pytest

from tasks_app.agents.binding import Binding
from tasks_app.agents.task_worker import TaskWorker
from tasks_app.services.claims import Claim
from tests.agents.attempts import a_claim, cancel, task_of, use

pytestmark = pytest.mark.django_db(transaction=True)


def for_pool(claim: Claim, **options: Any) -> TaskWorker:
    """The worker an agent of the pool has."""
    return TaskWorker(Binding.of(claim), **options)


async def test_its_context_stands_above_plans_and_tells_the_assignment_and_a_line_a_tool() -> None:
    worker = for_pool(await a_claim(label="Chapter\none", description="Two pages.", input={"a": 1}))
    context = worker.as_context()

    assert (context.id, context.priority) == ("assignment", 95)
    assert await context.render() == (
        "## Your Assignment\n"
        "**Task:** Chapter one (assigned to writer)\n"
        "**Description:** Two pages.\n"
        "**Status:** in_progress\n"
        '**Input:**\n{"a": 1}\n\n'
        "## Guidelines\n"
        "- Call `start_task` when you begin.\n"
        "- Call `report_progress` with one short line whenever you turn to something new.\n"
        "- Call `complete_task` once, with the result, when the task is done.\n"
        "- Call `fail_task`, saying what is in the way, if the task cannot be done."
    )


async def test_its_context_follows_the_task() -> None:
    worker = for_pool(await a_claim())
    context = worker.as_context()
    await use(worker, "report_progress", message="Page 2")

    assert "**Progress:** Page 2" in await context.render()


async def test_guidelines_can_be_replaced() -> None:
    rendered = await for_pool(await a_claim(), guidelines="Be quick.").as_context().render()

    assert rendered.endswith("\n\n## Guidelines\nBe quick.")


async def test_no_tool_takes_a_task_id() -> None:
    tools = for_pool(await a_claim()).as_tools()
    taken = {name: list(tool.parameters["properties"]) for name, tool in tools.items()}

    assert taken == {
        "start_task": [],
        "report_progress": ["message"],
        "complete_task": ["result"],
        "fail_task": ["error"],
    }


async def test_starting_twice_is_fine() -> None:
    worker = for_pool(await a_claim())

    for _ in range(2):
        assert await use(worker, "start_task") == {"ok": True, "status": "in_progress"}


async def test_after_its_end_the_first_result_stands_and_the_tools_decline() -> None:
    claim = await a_claim()
    worker = for_pool(claim)

    assert await use(worker, "complete_task", result="first") == {"ok": True, "status": "completed"}
    for tool, arguments in [
        ("complete_task", {"result": "second"}),
        ("fail_task", {"error": "no"}),
        ("start_task", {}),
    ]:
        declined = await use(worker, tool, **arguments)
        assert (declined["ok"], declined["status"], declined["allowed"]) == (False, "completed", [])
        assert "what it said first stays" in declined["error"]
    assert (await task_of(claim)).result == "first"
    assert worker.ended


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [("report_progress", {"message": 3}), ("report_progress", {}), ("fail_task", {"error": " "}), ("fail_task", {})],
)
async def test_a_tool_without_its_words_declines_and_says_what_is_allowed(tool: str, arguments: dict[str, Any]) -> None:
    worker = for_pool(await a_claim())
    declined = await use(worker, tool, **arguments)

    assert (declined["ok"], declined["status"], declined["allowed"]) == (
        False,
        "in_progress",
        ["completed", "failed"],
    )
    assert not worker.ended


async def test_a_failure_with_tries_left_says_that_the_task_waits_for_the_next() -> None:
    worker = for_pool(await a_claim(max_attempts=2))

    assert await use(worker, "fail_task", error="no sources") == {"ok": True, "status": "pending"}
    assert worker.ended


@pytest.mark.parametrize("output", [str, list[str]])
async def test_an_output_that_is_no_object_comes_in_result(output: Any) -> None:
    claim = await a_claim()
    worker = for_pool(claim, output=output)
    good = "x" if output is str else ["x"]

    assert not (await use(worker, "complete_task", result={"x": 1}))["ok"]
    assert not (await use(worker, "complete_task"))["ok"]
    assert (await use(worker, "complete_task", result=good))["ok"]
    assert (await task_of(claim)).result == good


@pytest.mark.parametrize(
    ("tool", "arguments"), [("start_task", {}), ("report_progress", {"message": "x"}), ("complete_task", {})]
)
async def test_once_another_has_ended_the_attempt_every_tool_says_stop(tool: str, arguments: dict[str, Any]) -> None:
    claim = await a_claim()
    await cancel(claim)
    worker = for_pool(claim)

    declined = await use(worker, tool, **arguments)
    assert (declined["ok"], declined["status"], declined["allowed"]) == (False, "cancelled", [])
    assert "was cancelled; stop working on it" in declined["error"]
    assert worker.lost
    assert not worker.ended
