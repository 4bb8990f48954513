"""Functions as workers: what they return is the result, what they raise the failure."""

import asyncio
import sys
import threading
from typing import Any

import pytest
from pydantic import BaseModel

from tasks_app.agents import registry
from tasks_app.agents.generate import generate
from tasks_app.agents.prompt import prompt
from tasks_app.agents.registry import worker
from tasks_app.agents.scope import current_attempt, stop_requested
from tasks_app.llm.scripted import ScriptedModel
from tasks_app.models import TaskSnapshot
from tests.agents.attempts import ModelsOf, a_claim, attempts_of, calls_of, no_models, task_of

pytestmark = pytest.mark.django_db(transaction=True)


class Count(BaseModel):
    words: int


async def run(**task: Any) -> TaskSnapshot:
    """How a task of the worker `count` stands after it."""
    claim = await a_claim("count", **task)
    await registry.run_attempt(claim, no_models())
    return await task_of(claim)


async def test_what_an_async_function_returns_is_the_result() -> None:
    @worker("count")
    async def count(text: str) -> dict[str, int]:
        return {"words": len(text.split())}

    task = await run(input="three little words")
    assert (task.status, task.result) == ("completed", {"words": 3})


async def test_a_plain_function_runs_in_a_thread_and_knows_its_attempt() -> None:
    @worker("count")
    def count(text: str) -> str:
        return f"{threading.current_thread().name.rpartition('-')[0]} {current_attempt().number}"

    assert (await run(input="x")).result == "crux-sync 1"


async def test_a_function_may_take_the_task_as_well() -> None:
    @worker("count")
    async def count(text: str, task: TaskSnapshot) -> str:
        return f"{task.label}: {text}"

    assert (await run(input="x", label="One")).result == "One: x"


async def test_a_second_parameter_with_a_default_is_the_functions_own() -> None:
    @worker("count")
    def count(text: str, times: int = 2) -> str:
        return text * times

    assert (await run(input="x")).result == "xx"


@pytest.mark.parametrize("bad", [lambda: 1, lambda a, b, c: 1, lambda a, *, b: 1])
def test_a_function_that_cannot_be_called_so_is_refused_when_registered(bad: Any) -> None:
    with pytest.raises(TypeError, match=r"fn\(input\) or fn\(input, task\)"):
        worker("count")(bad)


async def test_pydantic_values_are_stored_as_json() -> None:
    @worker("count")
    def count(text: str) -> Count:
        return Count(words=2)

    assert (await run(input="x")).result == {"words": 2}


async def test_a_result_is_checked_against_the_output() -> None:
    @worker("count", output=Count)
    def count(text: str) -> dict[str, str]:
        return {"words": text}

    assert (await run(input="4")).result == {"words": 4}
    assert "'count' returned what is no such output: words:" in (await run(input="many")).error


async def test_what_a_function_raises_fails_the_task_in_its_words() -> None:
    @worker("count")
    def count(text: str) -> None:
        raise ValueError("the text is empty")

    task = await run(input="")
    assert (task.status, task.error) == ("failed", "ValueError: the text is empty")


@pytest.mark.parametrize(("raised", "status"), [(OSError("gone"), "pending"), (TypeError("a bug"), "failed")])
async def test_a_programming_error_is_not_tried_again(raised: Exception, status: str) -> None:
    @worker("count")
    async def count(text: str) -> None:
        raise raised

    assert (await run(max_attempts=2)).status == status


@pytest.mark.parametrize("result", [object(), float("nan"), {1, 2}])
async def test_a_result_that_is_not_json_fails_the_task(result: Any) -> None:
    @worker("count")
    async def count(text: str) -> Any:
        return result

    task = await run()
    assert task.status == "failed"
    assert "is not JSON" in task.error


async def test_a_worker_that_ends_the_interpreter_only_fails_its_task() -> None:
    @worker("count")
    async def count(text: str) -> None:
        sys.exit("bye")

    assert (await run()).error == "SystemExit: bye"


async def test_a_worker_whose_own_future_is_cancelled_fails_and_is_not_taken_for_stopped() -> None:
    @worker("count")
    async def count(text: str) -> None:
        inner = asyncio.ensure_future(asyncio.Event().wait())
        inner.cancel()
        await inner

    assert "what it waited for was cancelled" in (await run()).error


async def test_an_unknown_agent_fails_the_task_naming_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_runners", {})
    worker("sum")(lambda text: 1)

    task = await run(max_attempts=3)
    assert (task.status, task.error) == ("failed", "There is no agent 'count'. Known are: sum.")


async def test_a_thread_whose_run_was_cancelled_finds_that_it_should_stop() -> None:
    begun, told, ended = threading.Event(), threading.Event(), threading.Event()

    @worker("count")
    def count(text: str) -> None:
        begun.set()
        told.wait(10)
        if stop_requested():
            ended.set()

    claim = await a_claim("count")
    running = asyncio.create_task(registry.run_attempt(claim, no_models()))
    await asyncio.to_thread(begun.wait, 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    told.set()

    assert await asyncio.to_thread(ended.wait, 10)
    assert await attempts_of(claim) == [("running", "")]


def test_where_no_attempt_runs_nothing_is_to_stop() -> None:
    assert not stop_requested()


async def test_a_function_may_ask_a_model_and_its_calls_are_on_record() -> None:
    @worker("count")
    async def count(text: str) -> str:
        return (await generate(prompt(system="You count."), input=text)).text

    claim = await a_claim("count", input="three little words")
    await registry.run_attempt(claim, ModelsOf(ScriptedModel(["Three."])))

    assert (await task_of(claim)).result == "Three."
    assert [call.input_tokens for call in await calls_of(claim)] == [10]
