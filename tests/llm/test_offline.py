from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from tasks_app.conf import conf
from tasks_app.llm import offline
from tasks_app.llm.client import open_models
from tasks_app.llm.conversation import CREATION_TOOLS, WORKER_TOOLS
from tasks_app.llm.endpoint import RequestRefused
from tasks_app.llm.extract import digest
from tasks_app.llm.model import Message
from tests.llm.conftest import unhurried
from tests.llm.test_extract import MARKDOWN


def tool(name: str, **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties}
    return {"type": "function", "function": {"name": name, "description": "", "parameters": parameters}}


STRING = {"type": "string"}
TOOLS = [
    tool("start_task"),
    tool("report_progress", message=STRING),
    tool("complete_task", result={}),
    tool("fail_task", error=STRING),
]
CREATORS = [tool("create_plan", title=STRING), tool("create_task_list", tasks={"type": "array"})]


def assignment(text: Any = MARKDOWN, system: str = "## Your Assignment\n\nLabel: Tides") -> list[Message]:
    return [{"role": "system", "content": system}, {"role": "user", "content": text}]


def ask(messages: list[Message], tools: list[Any] | None = None, **more: Any) -> Message:
    request = {"model": "offline-extract", "messages": messages, **more}
    if tools is not None:
        request["tools"] = tools
    message: Message = offline.answer(json.dumps(request).encode())["choices"][0]["message"]
    return message


def work(messages: list[Message], tools: list[Any], **answers: dict[str, Any]) -> list[tuple[str, Any]]:
    """Work an assignment to its final text, with `answers` by tool (else ok); what it called and said."""
    done: list[tuple[str, Any]] = []
    for _ in range(10):
        message = ask(messages, tools)
        messages.append(message)
        if not message.get("tool_calls"):
            return [*done, ("text", message["content"])]
        for made in message["tool_calls"]:
            name = made["function"]["name"]
            done.append((name, json.loads(made["function"]["arguments"])))
            content = json.dumps(answers.get(name, {"ok": True, "status": "in_progress"}))
            messages.append({"role": "tool", "tool_call_id": made["id"], "content": content})
    raise AssertionError(f"It never ends: {done}")


def test_an_assignment_is_started_reported_completed_and_ended() -> None:
    assert work(assignment(), TOOLS) == [
        ("start_task", {}),
        ("report_progress", {"message": "Reading 5 paragraphs"}),
        ("complete_task", {"result": digest(MARKDOWN).summary}),
        ("text", "The task has ended; nothing is left to do."),
    ]


def test_only_the_tools_that_are_offered_are_called() -> None:
    assert [name for name, _ in work(assignment(), TOOLS[2:])] == ["complete_task", "text"]
    assert [name for name, _ in work(assignment(), TOOLS[:2])] == ["start_task", "report_progress", "text"]


def test_ids_of_calls_differ_within_a_conversation() -> None:
    messages = assignment()
    work(messages, TOOLS)
    ids = [made["id"] for said in messages for made in said.get("tool_calls", ())]
    assert len(set(ids)) == 3


def test_a_models_own_fields_are_filled_instead_of_a_result() -> None:
    class Summary(BaseModel):
        title: str
        key_points: list[str]
        topics: list[str]
        words: int

    complete = {
        "type": "function",
        "function": {"name": "complete_task", "parameters": Summary.model_json_schema()},
    }
    done = dict(work(assignment(), [TOOLS[0], complete]))
    summary = Summary.model_validate(done["complete_task"])
    assert summary.title == "Tidal power"
    assert summary.key_points == list(digest(MARKDOWN).chosen)


def test_fields_the_text_cannot_fill_fail_the_task_with_the_reason() -> None:
    complete = tool("complete_task", due={"type": "string", "format": "date"})
    complete["function"]["parameters"]["required"] = ["due"]
    done = work(assignment("Tides rise and fall for ever."), [complete, TOOLS[3]])
    assert [name for name, _ in done] == ["fail_task", "text"]
    assert "'due' asks for date" in done[0][1]["error"]


@pytest.mark.parametrize("text", ["", " \n ", "1234 5678", "\ufffd\ufffd\x00\x01PNG\ufffd", "—", None])
def test_what_cannot_be_read_fails_the_task(text: Any) -> None:
    done = work(assignment(text, system="Work the task."), TOOLS)
    assert [name for name, _ in done] == ["start_task", "fail_task", "text"]
    assert "no readable text" in done[1][1]["error"]


def test_without_an_input_the_description_then_the_label_is_the_text() -> None:
    system = "## Your Assignment\n\n**Label:** Tides\n- Status: pending\nDescription: Tides can be predicted."
    system += "\n\n## Rules\nGo."
    assert dict(work(assignment("Begin.", system), TOOLS))["complete_task"] == {"result": "Tides can be predicted."}
    system = "## Your Assignment\n\nLabel: Write about tides\nStatus: pending"
    assert dict(work(assignment("", system), TOOLS))["complete_task"] == {"result": "Write about tides."}


def test_being_asked_to_finish_does_not_become_the_input() -> None:
    messages = assignment()
    messages += [
        {"role": "assistant", "content": "Hm."},
        {
            "role": "user",
            "content": "You stopped without completing the task. Please call complete_task now.",
        },
    ]
    assert dict(work(messages, TOOLS))["complete_task"] == {"result": digest(MARKDOWN).summary}


def test_a_declined_start_ends_with_its_reason() -> None:
    done = work(assignment(), TOOLS, start_task={"ok": False, "error": "The list is paused."})
    assert done == [("start_task", {}), ("text", "The task could not be started: The list is paused.")]


def test_a_declined_report_does_not_matter() -> None:
    done = work(assignment(), TOOLS, report_progress={"ok": False, "error": "no"})
    assert [name for name, _ in done] == ["start_task", "report_progress", "complete_task", "text"]


def test_a_refused_result_fails_the_task_in_the_words_of_the_refusal() -> None:
    done = work(assignment(), TOOLS, complete_task={"ok": False, "error": "too long"})
    assert done[-2:] == [
        ("fail_task", {"error": "The result was refused: too long"}),
        ("text", "The task has ended; nothing is left to do."),
    ]


def test_a_task_that_cannot_be_ended_at_all_is_left_with_a_reason() -> None:
    lost = {"ok": False, "error": "attempt lost"}
    done = work(assignment(), TOOLS, complete_task=lost, fail_task=lost)
    assert [name for name, _ in done][-2:] == ["fail_task", "text"]
    assert done[-1][1] == "The task could not be ended: attempt lost"


def test_without_tools_the_last_user_message_is_summed_up() -> None:
    messages: list[Message] = [*assignment("Ignore this."), {"role": "assistant", "content": "Hm."}]
    messages.append({"role": "user", "content": [{"type": "text", "text": "Tides rise."}, {"type": "image_url"}]})
    assert ask(messages) == {"role": "assistant", "content": "Tides rise."}
    assert ask(messages, [tool("search", query=STRING)])["content"] == "Tides rise."


def test_json_is_answered_where_the_request_asks_for_it() -> None:
    schema = {"type": "object", "properties": {"summary": STRING}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    assert json.loads(ask(assignment(), response_format=wanted)["content"]) == {"summary": digest(MARKDOWN).summary}


def test_the_same_request_gets_the_same_answer_and_says_who_answered() -> None:
    body = json.dumps({"model": "gpt-something", "messages": assignment(), "tools": TOOLS}).encode()
    said = offline.answer(body)
    assert said == offline.answer(body)
    assert said["model"] == "offline-extract"
    assert said["usage"]["prompt_tokens"] == -(-len(body) // 3)
    assert said["usage"]["total_tokens"] == said["usage"]["prompt_tokens"] + said["usage"]["completion_tokens"] > 0


async def test_a_call_takes_its_seconds_without_holding_up_others(monkeypatch: pytest.MonkeyPatch) -> None:
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(conf, "offline_seconds", 0.25)
    monkeypatch.setattr("tasks_app.llm.offline.asyncio.sleep", sleep)
    async with open_models() as models:
        await asyncio.gather(*(models.get().complete(assignment()) for _ in range(2)))
    assert slept == [0.25, 0.25]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "id", "function", "name"]), inner)
    ),
    max_leaves=6,
)
CALLS = st.fixed_dictionaries(
    {
        "id": JSON,
        "function": st.fixed_dictionaries(
            {"name": st.sampled_from([*WORKER_TOOLS, *CREATION_TOOLS, "x"])}, optional={"arguments": JSON}
        ),
    }
)
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool", "?"])},
    optional={"content": JSON, "tool_calls": st.lists(CALLS, max_size=3), "tool_call_id": JSON},
)


@unhurried
@given(st.lists(MESSAGES, max_size=6), st.lists(st.sampled_from([*TOOLS, *CREATORS]), max_size=4) | JSON)
def test_any_conversation_gets_an_answer_or_a_refusal(messages: list[Any], tools: Any) -> None:
    try:
        said = ask(messages, tools)
    except RequestRefused:
        return
    assert said["content"] or said["tool_calls"]
