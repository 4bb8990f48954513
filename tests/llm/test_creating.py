"""The offline model makes plans and task lists where it is offered the tools for it."""

from __future__ import annotations

import json
from typing import Any

from tests.llm.test_extract import MARKDOWN
from tests.llm.test_offline import STRING, TOOLS, ask, tool, work

TEMPLATE = "Write a plan of this form.\n\n## Goal\n[one sentence]\n\n## Sections\n1. [section]\n\n### Risks\n- [risk]"
TOPIC = "Tides turn turbines. Turbines make power. Power is sold by the hour."
TASK = {
    "type": "object",
    "properties": {"id": STRING, "label": STRING, "depends_on": {"type": "array", "items": STRING}},
    "required": ["id", "label"],
}


def described(name: str, description: str, **properties: Any) -> dict[str, Any]:
    made = tool(name, **properties)
    made["function"]["description"] = description
    return made


PLAN = described("create_plan", "Create a plan.", title=STRING, content=STRING, metadata={"type": "object"})
TASK_LIST = tool(
    "create_task_list",
    title=STRING,
    plan_id={"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]},
    tasks={"type": "array", "items": {"$ref": "#/$defs/Task"}},
)
TASK_LIST["function"]["parameters"]["$defs"] = {"Task": TASK}
ANSWERS: dict[str, dict[str, Any]] = {
    "create_plan": {"id": "0198c5a2-0000-7000-8000-000000000000", "title": "Tides", "version": 1},
    "create_task_list": {"id": "0198c5a2-0000-7000-8000-000000000001", "status": "pending"},
}


def plan(text: str = TOPIC, *tools: Any, **answers: Any) -> list[tuple[str, Any]]:
    messages = [{"role": "system", "content": "You plan."}, {"role": "user", "content": text}]
    return work(messages, list(tools) or [PLAN, TASK_LIST], **(ANSWERS | answers))


def test_a_plan_is_made_first_and_then_a_task_list_for_it() -> None:
    (first, made), (second, listed), (_, said) = plan()

    assert (first, second) == ("create_plan", "create_task_list")
    assert made == {
        "title": "Tides turn turbines",
        "content": "## Goal\nTides turn turbines\n\n## Steps\n- Turbines make power\n- Power is sold by the hour",
    }
    assert listed == {
        "title": "Tides turn turbines",
        "plan_id": ANSWERS["create_plan"]["id"],
        "tasks": [
            {"id": "turbines-make-power", "label": "Turbines make power"},
            {"id": "power-is-sold-by-the-hour", "label": "Power is sold by the hour"},
        ],
    }
    assert said == (
        "The plan 'Tides turn turbines' has been created. The task list 'Tides turn turbines' has been created."
    )


def test_the_headings_of_a_template_are_filled() -> None:
    (_, made), _ = plan(TOPIC, described("create_plan", TEMPLATE, title=STRING, content=STRING))

    assert made["content"] == (
        "## Goal\nTides turn turbines\n\n"
        "## Sections\n1. Turbines make power\n2. Power is sold by the hour\n\n"
        "### Risks\n- Turbines make power\n- Power is sold by the hour"
    )


def test_without_words_of_the_user_the_system_text_is_planned() -> None:
    made = ask([{"role": "system", "content": TOPIC}], [PLAN])

    assert json.loads(made["tool_calls"][0]["function"]["arguments"])["title"] == "Tides turn turbines"


def test_a_list_alone_belongs_to_no_plan() -> None:
    (name, made), _ = plan(TOPIC, TASK_LIST)

    assert (name, "plan_id" in made) == ("create_task_list", False)


def test_a_topic_in_one_sentence_is_planned_by_its_terms() -> None:
    (_, made), _ = plan("Turbines and tides.", TASK_LIST)

    assert made["tasks"] == [{"id": "turbines", "label": "Turbines"}, {"id": "tides", "label": "tides"}]


def test_a_long_text_becomes_a_few_tasks_with_unlike_ids() -> None:
    text = " ".join(f"The tide of day {number} is high." for number in range(40)) + f"\n\n{MARKDOWN}"
    (_, made), _ = plan(text, TASK_LIST)
    ids = [task["id"] for task in made["tasks"]]

    assert 1 < len(ids) <= 5
    assert len(set(ids)) == len(ids)
    thrice, _ = plan("Tides and winds. Tides 4. Tides. Tides.", TASK_LIST)
    assert [task["id"] for task in thrice[1]["tasks"]] == ["tides-4", "tides", "tides-3"]


def test_a_refusal_is_told_and_nothing_is_called_again() -> None:
    done = plan(create_plan={"ok": False, "error": "no more plans today"})
    assert [name for name, _ in done] == ["create_plan", "text"]
    assert done[-1][1] == "The plan could not be created: no more plans today"

    done = plan(create_task_list={"ok": False, "error": "title: too long"})
    assert [name for name, _ in done] == ["create_plan", "create_task_list", "text"]
    assert done[-1][1].endswith("has been created. The task list could not be created: title: too long")


def test_what_a_tool_demands_and_the_text_does_not_hold_is_said() -> None:
    strict = tool("create_plan", title=STRING, due={"type": "string", "format": "date"})
    strict["function"]["parameters"]["required"] = ["due"]
    ((name, said),) = plan(TOPIC, strict)

    assert (name, "'due' asks for date" in said) == ("text", True)


def test_tools_in_camel_case_are_called_by_their_names() -> None:
    made = described("createPlan", "", title=STRING)
    assert [name for name, _ in plan(TOPIC, made)] == ["createPlan", "text"]


def test_where_a_worker_is_offered_its_task_comes_first() -> None:
    assert [name for name, _ in plan(TOPIC, PLAN, *TOOLS)] == [
        "start_task",
        "report_progress",
        "complete_task",
        "text",
    ]
