"""The recipe from a wish to results: plan, tasks, workers."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tasks_app.crux import CruxError, ScriptedModel
from tasks_app.llm.model import Message
from tasks_app.llm.scripted import Scripted, call
from tasks_app.recipes import plan_to_workers
from tests.recipes.scripts import answers, ended, scripted, system_texts

pytestmark = pytest.mark.django_db(transaction=True)

PLANNED = call("create_plan", title="A summer party", content="## Goal\nPeople dance.\n\n## Parts\n1. Food")


def list_tasks(messages: Sequence[Message], tools: object) -> Scripted:
    """Call the second tool with what the first answered."""
    plan = json.loads(messages[-1]["content"])
    return call("create_task_list", title="For the party", plan_id=plan["id"], tasks=[{"id": "food", "label": "Food"}])


def a_model() -> ScriptedModel:
    parts = ("food", "music", "children")
    labels = {"food": "Food from the beds", "music": "Music", "children": "Something for the children"}
    workers: dict[str, Sequence[Scripted]] = {
        f"**Task:** {labels[part]}": [call("start_task"), call("complete_task", result=part), "Done."] for part in parts
    }
    return scripted(
        {
            **workers,
            "Create one plan, then": [PLANNED, list_tasks, "All is made."],
            "Create one plan.": [PLANNED, "It is made."],
        }
    )


async def test_workers_carry_out_the_plan_that_the_model_wrote() -> None:
    model = a_model()
    party, listed = await plan_to_workers.main(model)

    assert await ended(party) == {part: ("completed", part) for part in ("food", "music", "children")}
    seen = await party.get()
    assert (seen.status, seen.title) == ("completed", "A summer party")
    workers = [told for told in system_texts(model) if "## Your Assignment" in told]
    assert len(workers) == 3
    assert all("## Plan: A summer party (version 1)" in told for told in workers)
    assert [task.status for task in await listed.get_tasks()] == ["pending"]


async def test_the_template_is_told_with_the_tool_and_its_answer_names_the_plan() -> None:
    model = a_model()
    plan = await plan_to_workers.planned(model)

    (planner,) = model.calls[0].tools
    assert plan_to_workers.TEMPLATE in planner["function"]["description"]
    assert answers(model, 1) == [{"id": str(plan.id), "title": "A summer party", "version": 1}]


async def test_each_thing_made_is_announced(capsys: pytest.CaptureFixture[str]) -> None:
    (listed,) = await plan_to_workers.planned_with_tasks(a_model())

    assert capsys.readouterr().out == "A plan has been made: A summer party\n"
    made = await listed.get()
    assert (made.title, made.plan_id is not None) == ("For the party", True)
    assert [task.label for task in await listed.get_tasks()] == ["Food"]


async def test_a_model_that_makes_no_plan_is_quoted() -> None:
    with pytest.raises(CruxError, match="It said: I would rather not"):
        await plan_to_workers.planned(ScriptedModel(["I would rather not."]))
