"""Tools: from a function to a schema, from a call to an answer."""

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from tasks_app.agents.calls import ToolCall
from tasks_app.agents.tools import Answer, Tool, answer, answering, named, tool
from tasks_app.conf import conf
from tasks_app.errors import IllegalTransition, ValueRefused


class Query(BaseModel):
    words: str
    pages: list[int] = []


def search(words: Annotated[str, Field(description="what to look for")], limit: int = 3) -> list[str]:
    """Search the archive."""
    return [words] * limit


async def asked(made: Tool, arguments: dict[str, Any] | None = None, problem: str = "") -> Answer:
    given = {} if arguments is None and not problem else arguments
    return await answer(ToolCall("c1", made.name, given, problem), {made.name: made})


def error_of(answered: Answer) -> str:
    said = json.loads(answered.text)
    assert not answered.ok
    assert said["ok"] is False
    return str(said["error"])


def test_a_functions_signature_becomes_its_tools_schema() -> None:
    spec = tool(search).spec()

    assert spec == {
        "type": "function",
        "function": {
            "name": "search",
            "description": "Search the archive.",
            "parameters": {
                "type": "object",
                "properties": {
                    "words": {"type": "string", "description": "what to look for"},
                    "limit": {"type": "integer", "default": 3},
                },
                "required": ["words"],
                "additionalProperties": False,
            },
        },
    }


def test_a_model_as_the_only_parameter_gives_its_own_fields() -> None:
    def find(query: Query) -> str:
        return query.words

    assert list(tool(find).parameters["properties"]) == ["words", "pages"]


async def test_a_model_as_the_only_parameter_arrives_as_that_model() -> None:
    def find(query: Query) -> str:
        return f"{query.words} on {query.pages}"

    assert (await asked(tool(find), {"words": "kites", "pages": [1]})).text == "kites on [1]"


@pytest.mark.parametrize("name", ["schema", "copy", "json", "model_config", "self_"])
async def test_a_parameter_may_have_any_name(name: str) -> None:
    scope: dict[str, Any] = {}
    exec(f"def echo({name}: int): return {name}", scope)

    assert (await asked(tool(scope["echo"]), {name: 4})).text == "4"


def test_a_function_whose_parameters_have_no_names_is_refused() -> None:
    def gather(*words: str) -> str:
        return ""

    with pytest.raises(ValueRefused, match=r"'words' of .*gather"):
        tool(gather)


async def test_text_comes_back_as_it_is_and_anything_else_as_json() -> None:
    assert (await asked(tool(search), {"words": "ü", "limit": 2})).text == '["ü", "ü"]'
    assert (await asked(tool(name="hi")(lambda: "plain"))).text == "plain"
    assert (await asked(tool(name="one")(lambda: Query(words="x")))).text == '{"words": "x", "pages": []}'


async def test_ids_times_and_dataclasses_come_back_as_json() -> None:
    @dataclass(frozen=True, slots=True)
    class Seen:
        id: UUID
        at: datetime

    seen = Seen(UUID(int=7), datetime(2026, 5, 1, tzinfo=UTC))
    id, at = "00000000-0000-0000-0000-000000000007", "2026-05-01T00:00:00Z"

    assert json.loads((await asked(tool(name="see")(lambda: seen))).text) == {"id": id, "at": at}
    assert json.loads((await asked(tool(name="see")(lambda: [seen.id, seen.at]))).text) == [id, at]


async def test_an_async_tool_is_awaited() -> None:
    @tool
    async def wait() -> str:
        return "waited"

    assert (await asked(wait)).text == "waited"


async def test_a_plain_function_runs_beside_the_event_loop() -> None:
    assert (await asked(tool(name="where")(lambda: threading.current_thread().name))).text.startswith("crux-sync")


async def test_wrong_arguments_come_back_with_the_field_and_what_is_wrong() -> None:
    error = error_of(await asked(tool(search), {"words": 1, "pages": 2}))

    assert error == "words: Input should be a valid string; pages: Extra inputs are not permitted"


async def test_arguments_that_cannot_be_read_come_back_as_an_error() -> None:
    assert "not JSON" in error_of(await asked(tool(search), problem="The arguments are not JSON: x."))


async def test_an_unknown_tool_is_answered_with_the_tools_there_are() -> None:
    answered = await answer(ToolCall("c1", "serach", {}), named([search]))

    assert error_of(answered) == "There is no tool 'serach'. The tools are: search."


@pytest.mark.parametrize("raised", [ValueError("no such page"), SystemExit(3), StopIteration()])
async def test_a_tool_that_raises_answers_what_it_raised(raised: BaseException) -> None:
    def break_down() -> str:
        raise raised

    assert type(raised).__name__ in error_of(await asked(tool(break_down)))


async def test_a_move_that_is_refused_is_answered_with_where_the_task_stands() -> None:
    def skip() -> str:
        raise IllegalTransition("It is done.", status="completed", allowed=("pending",))

    told = {"ok": False, "error": "It is done.", "status": "completed", "allowed": ["pending"]}
    assert json.loads((await asked(tool(skip))).text) == told
    executed: Any = answering(tool(skip)).execute({})
    assert json.loads(await executed) == told


async def test_a_tool_that_answers_what_is_refused_raises_what_is_wrong_with_its_code() -> None:
    executed: Any = answering(tool(name="halve")(lambda: 1 / 0)).execute({})
    with pytest.raises(ZeroDivisionError):
        await executed


async def test_an_answer_without_a_json_form_is_an_error() -> None:
    assert "no JSON form" in error_of(await asked(tool(name="odd")(object)))


async def test_an_answer_too_large_to_read_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "max_value_bytes", 1024)

    assert "2,000 bytes" in error_of(await asked(tool(name="big")(lambda: "x" * 2000)))


async def test_a_tool_that_says_no_has_done_nothing() -> None:
    assert not (await asked(tool(name="no")(lambda: {"ok": False, "error": "closed"}))).ok


def test_replace_changes_a_copy() -> None:
    original = tool(search)
    changed = original.replace(description="Look it up.")

    assert (original.description, changed.description) == ("Search the archive.", "Look it up.")
    assert changed.execute is original.execute


def test_the_key_of_a_dict_is_the_name_the_model_sees() -> None:
    assert named({"look_up": search})["look_up"].spec()["function"]["name"] == "look_up"


def test_two_tools_of_one_name_in_a_list_are_refused() -> None:
    with pytest.raises(ValueRefused, match="Two tools are named 'search'"):
        named([search, search])


@pytest.mark.parametrize("name", ["", "two words", "ü", "x" * 65])
def test_a_name_that_endpoints_refuse_is_refused(name: str) -> None:
    with pytest.raises(ValueRefused, match="letters, digits"):
        Tool(name, "", {}, lambda _: "")
