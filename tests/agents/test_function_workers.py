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
from tasks_app.rules.retry import is_retryable
from tests.agents.attempts import ModelsOf, a_claim, attempts_of, calls_of, failure_of, no_models, task_of

pytestmark = pytest.mark.django_db(transaction=True)


class Count(BaseModel):
    words: int


async def run(**task: Any) -> TaskSnapshot:
    """How a task of the worker `count` stands after it."""
    claim = await a_claim("count", **task)
    await registry.run_attempt(claim, no_models())
    return await task_of(claim)


async def fails(**task: Any) -> Exception:
    """What the pool is told of a task at which the worker `count` fails."""
    return await failure_of(await a_claim("count", **task), no_models())


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
    assert "'count' returned what is no such output: words:" in str(await fails(input="many"))


@pytest.mark.parametrize(
    "raised", [ValueError("the text is empty"), TypeError("a bug"), BaseExceptionGroup("", [OSError()])]
)
async def test_what_a_function_raises_reaches_the_pool_as_it_is(raised: Exception) -> None:
    @worker("count")
    async def count(text: str) -> None:
        raise raised

    assert await fails() is raised


async def test_what_a_thread_raises_reaches_the_pool_as_it_is() -> None:
    empty = ValueError("the text is empty")

    @worker("count")
    def count(text: str) -> None:
        raise empty

    assert await fails() is empty


async def test_a_thread_that_ends_the_interpreter_only_fails() -> None:
    @worker("count")
    def count(text: str) -> None:
        sys.exit("bye")

    assert str(await fails()) == "SystemExit: bye"


@pytest.mark.parametrize("result", [object(), float("nan"), {1, 2}])
async def test_a_result_that_is_not_json_is_refused(result: Any) -> None:
    @worker("count")
    async def count(text: str) -> Any:
        return result

    assert "is not JSON" in str(await fails())


async def test_an_unknown_agent_is_refused_naming_those_there_are_and_not_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "_runners", {})
    worker("sum")(lambda text: 1)
    error = await fails()

    assert str(error) == "There is no agent 'count'. Known are: sum."
    assert not is_retryable(error)


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
