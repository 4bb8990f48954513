"""What an agent's model does wrong, and what becomes of it."""

from typing import Any

import pytest
from pydantic import BaseModel

from tasks_app.agents import registry
from tasks_app.agents.registry import agent
from tasks_app.conf import conf
from tasks_app.errors import ModelError
from tasks_app.llm.scripted import Scripted, ScriptedModel, call
from tests.agents.attempts import (
    ModelsOf,
    a_claim,
    answers,
    calls_of,
    failure,
    failure_of,
    task_of,
    transcript_of,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)


class Review(BaseModel):
    title: str
    stars: int


@pytest.fixture(autouse=True)
def writer(own_registry: None) -> None:
    agent(id="writer", prompt="You write.")


async def test_a_model_that_gives_up_fails_the_task_in_its_words() -> None:
    task, model = await work([call("fail_task", error="The file is empty."), "Sorry."])

    assert (task.status, task.error) == ("failed", "The file is empty.")
    assert len(model.calls) == 2


async def test_a_model_that_stops_early_is_asked_once_to_finish() -> None:
    task, model = await work(["All good.", call("complete_task", result="x"), "Done."])

    assert task.status == "completed"
    assert "has not ended" in model.calls[1].messages[-1]["content"]


async def test_a_model_that_stops_twice_fails_with_its_last_words() -> None:
    error, _ = await failure(["All good.", call("start_task"), "I am finished."])

    assert "stopped without ending its task" in str(error)
    assert "I am finished." in str(error)


async def test_a_model_error_reaches_the_pool_as_it_is_and_is_recorded() -> None:
    claim = await a_claim()
    gone = ModelError("quota exceeded", retryable=False)
    error = await failure_of(claim, ModelsOf(ScriptedModel([call("start_task"), gone])))

    assert error is gone
    assert [each.error for each in await calls_of(claim)] == ["", "quota exceeded"]
    assert (await transcript_of(claim))[-1]["role"] == "tool"


async def test_an_output_model_is_what_complete_task_takes_and_a_wrong_result_goes_back() -> None:
    agent(id="critic", prompt="x", output=Review)
    claim = await a_claim("critic")
    model = ScriptedModel(
        [call("complete_task", title="Fine", stars="many"), call("complete_task", title="Fine", stars=4), "Done."]
    )
    await registry.run_attempt(claim, ModelsOf(model))
    offered = {spec["function"]["name"]: spec["function"]["parameters"] for spec in model.calls[0].tools}

    assert list(offered["complete_task"]["properties"]) == ["title", "stars"]
    (refusal,) = answers(model, 2)
    assert (refusal["ok"], refusal["status"], refusal["allowed"]) == (False, "in_progress", ["completed", "failed"])
    assert "stars: Input should be a valid integer" in refusal["error"]
    assert (await task_of(claim)).result == {"title": "Fine", "stars": 4}


async def test_a_result_too_large_goes_back_and_the_task_stays_in_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "max_value_bytes", 1024)
    script: list[Scripted] = [call("complete_task", result="x" * 2000), call("complete_task", result="short"), "Done."]
    task, model = await work(script)

    (refusal,) = answers(model, 2)
    assert (refusal["ok"], refusal["status"]) == (False, "in_progress")
    assert "2,002 bytes" in refusal["error"]
    assert task.result == "short"


async def test_a_result_beside_the_result_parameter_goes_back() -> None:
    task, model = await work([call("complete_task", summary="x"), call("complete_task", result="x"), "Done."])

    assert "put all of it into `result`" in answers(model, 2)[0]["error"]
    assert task.result == "x"


async def test_nonsense_goes_back_as_errors_and_the_agent_goes_on() -> None:
    nonsense: dict[str, Any] = {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "a", "function": {"name": "strat_task", "arguments": "{}"}},
            {"id": "b", "function": {"name": "report_progress", "arguments": "{not json"}},
            {"id": "c", "function": {"name": "report_progress", "arguments": "[]"}},
            {"id": "d", "function": {"name": "report_progress", "arguments": '{"message": 3}'}},
        ],
    }
    task, model = await work([nonsense, call("complete_task", result="x"), "Done."])

    assert [answer["ok"] for answer in answers(model, 2)] == [False] * 4
    assert task.status == "completed"


async def test_the_same_call_three_times_ends_the_attempt_with_that_diagnosis() -> None:
    error, model = await failure([call("complete_task", summary="x")] * 5)

    assert "goes in circles: it called 'complete_task' 3 times with the same arguments" in str(error)
    assert "put all of it into `result`" in str(error)
    assert len(model.calls) == 3


async def test_five_turns_in_which_nothing_was_done_end_the_attempt() -> None:
    error, model = await failure([call("look", page=page) for page in range(9)])

    assert "did nothing in 5 turns" in str(error)
    assert len(model.calls) == 5


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("max_steps", 3, "3 model calls"),
        ("max_tool_calls", 3, "3 tool calls"),
        ("max_tokens", 40, "45 tokens"),
    ],
)
async def test_an_agent_beyond_a_limit_fails_by_its_name(
    setting: str, value: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conf, setting, value)
    error, _ = await failure([call("report_progress", message=f"page {page}") for page in range(9)])

    assert words in str(error)
    assert f"CRUX_{setting.upper()}" in str(error)


async def test_what_was_said_before_a_limit_is_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "max_steps", 1)
    claim = await a_claim()
    await failure_of(claim, ModelsOf(ScriptedModel([call("start_task")])))

    assert [message["role"] for message in await transcript_of(claim)] == ["system", "user", "assistant", "tool"]
