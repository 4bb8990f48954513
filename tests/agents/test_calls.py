"""Reading what a model said, whatever it said."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tasks_app.agents.calls import ToolCall, read_message

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
functions = st.fixed_dictionaries({}, optional={"name": junk, "arguments": junk})
calls = st.fixed_dictionaries({}, optional={"id": junk, "type": junk, "function": functions | junk})
messages = st.fixed_dictionaries(
    {}, optional={"content": junk, "tool_calls": junk | st.lists(calls | junk, max_size=3)}
)


def read_one(call: Any) -> ToolCall:
    (read,) = read_message({"tool_calls": [call]}, turn=1)[1]
    return read


@given(messages)
def test_whatever_comes_is_mended_into_a_message_with_as_many_calls_as_were_read(message: dict[str, Any]) -> None:
    mended, read = read_message(message, turn=1)

    assert mended["role"] == "assistant"
    assert [call["id"] for call in mended.get("tool_calls", [])] == [call.id for call in read]
    for call in mended.get("tool_calls", []):
        assert isinstance(call["function"]["name"], str)
        assert isinstance(call["function"]["arguments"], str)
    json.dumps(mended)


@given(messages)
def test_a_mended_message_needs_no_mending(message: dict[str, Any]) -> None:
    mended, _ = read_message(message, turn=1)

    assert read_message(mended, turn=2)[0] == mended


def test_arguments_may_be_text_an_object_or_nothing() -> None:
    assert read_one({"function": {"name": "a", "arguments": '{"x": 1}'}}).arguments == {"x": 1}
    assert read_one({"function": {"name": "a", "arguments": {"x": 1}}}).arguments == {"x": 1}
    assert read_one({"function": {"name": "a"}}).arguments == {}


def test_arguments_that_are_no_object_say_so() -> None:
    assert "not JSON" in read_one({"function": {"name": "a", "arguments": '{"x": '}}).problem
    assert "not a JSON object" in read_one({"function": {"name": "a", "arguments": "[1]"}}).problem


def test_calls_with_the_same_arguments_differently_spelled_are_the_same() -> None:
    one = read_one({"function": {"name": "a", "arguments": '{"x": 1, "y": 2}'}})
    two = read_one({"function": {"name": "a", "arguments": '{"y":2,"x":1}'}})

    assert one.signature == two.signature


def test_content_in_parts_becomes_one_text() -> None:
    parts = [{"type": "text", "text": "Hello "}, {"type": "text", "text": "there"}, {"type": "image"}, 3]

    assert read_message({"content": parts}, turn=1)[0]["content"] == "Hello there"
