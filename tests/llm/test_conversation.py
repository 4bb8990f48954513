"""Which text of a conversation the offline model works on, and in what form it answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasks_app.llm.conversation import Conversation
from tasks_app.llm.model import JSON_ASKED_AGAIN, JSON_WISH, Message
from tests.llm.test_offline import STRING, TOOLS, ask, assignment, tool, work

PLAN = "## Plan: Tides\n\n### Goal\nExplain the tides.\n\n"
CITY = {"type": "object", "properties": {"name": STRING, "words": {"type": "integer"}}, "required": ["name"]}


def text_of(system: str, user: str | None = None) -> str:
    said: list[Message] = [{"role": "system", "content": system}]
    return Conversation(said + ([{"role": "user", "content": user}] if user else []), []).assignment_text()


@pytest.mark.parametrize("user", [None, "Begin your task.", "Please complete your assigned task now."])
@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            "**Task:** Write about tides (assigned to writer)\n**Status:** pending",
            "Write about tides",
        ),
        ("**Task:** Tides\n**Description:** Say why they rise.\n**Status:** pending", "Say why they rise."),
        (
            "**Task:** Tides\n**Description:** Sum it up.\n**Input:**\n# Tides\nStatus: high.\nThey rise.",
            "# Tides\nStatus: high.\nThey rise.",
        ),
    ],
)
def test_beside_a_plan_an_assignment_is_its_input_else_its_description_else_its_label(
    fields: str, text: str, user: str | None
) -> None:
    after = "\n\n## Guidelines\n- Call `start_task`.\n\n## Tone\nDescription: Be kind."

    assert text_of(f"You write.\n\n{PLAN}## Your Assignment\n{fields}{after}", user) == text


def test_an_assignment_in_words_of_its_own_is_read_by_its_line() -> None:
    assert text_of(f"{PLAN}Your task: Write about tides\nOverall: 1 of 3 complete") == "Write about tides"


def test_a_document_of_the_user_is_the_text_whatever_the_description_says() -> None:
    system = "## Your Assignment\n**Task:** Sum up\n**Description:** Tides rise and fall, and then they do so again."

    assert text_of(system, "The sea has no king.") == "The sea has no king."


def asked_for(schema: Any, *said: Message) -> list[Message]:
    return [{"role": "system", "content": f"You know places.\n\n{JSON_WISH}{json.dumps(schema)}"}, *said]


def test_json_is_answered_where_the_system_text_wishes_it() -> None:
    where: Message = {"role": "user", "content": "Rome stands on seven hills."}

    expected = {"name": "Rome stands on seven hills.", "words": 5}
    assert json.loads(ask(asked_for(CITY, where))["content"]) == expected
    again: list[Message] = [{"role": "assistant", "content": "Rome!"}]
    again += [{"role": "user", "content": f"That is not what was asked for: x. {JSON_ASKED_AGAIN}"}]
    assert json.loads(ask(asked_for(CITY, where, *again))["content"]) == expected


def test_without_words_of_the_user_the_system_text_is_answered_to_without_its_wish() -> None:
    assert json.loads(ask(asked_for(CITY))["content"])["name"] == "You know places."


def test_a_wish_is_for_the_end_after_the_tools() -> None:
    schema = json.dumps(CITY)
    done = work(assignment("Rome has hills.", f"## Your Assignment\n**Task:** Rome\n\n{JSON_WISH}{schema}"), TOOLS)
    assert [name for name, _ in done] == ["start_task", "report_progress", "complete_task", "text"]
    assert json.loads(done[-1][1])["name"] == "Rome has hills."

    done = work(asked_for(CITY, {"role": "user", "content": "Rome has hills."}), [tool("create_plan", title=STRING)])
    assert [name for name, _ in done] == ["create_plan", "text"]
    assert json.loads(done[-1][1])["name"] == "Rome has hills."


def test_what_failed_is_told_in_words_though_json_is_wished() -> None:
    lost = {"ok": False, "error": "attempt lost"}
    done = work(assignment("Rome.", f"{JSON_WISH}{json.dumps(CITY)}"), TOOLS, start_task=lost)

    assert done[-1] == ("text", "The task could not be started: attempt lost")


def test_a_wish_that_is_no_json_is_words_like_others() -> None:
    assert ask([{"role": "system", "content": f"Tides rise. {JSON_WISH}{{oh"}])["content"].startswith("Tides rise.")
