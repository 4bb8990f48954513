"""The recipes of agents at once and of agents in a row, with models that follow a script."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tasks_app.crux import CruxError, ModelError, PipelineStepFailed, ScriptedModel, create_handle
from tasks_app.llm.model import Message
from tasks_app.llm.scripted import Scripted, call
from tasks_app.recipes import content_pipeline, typed_parallel
from tests.recipes.scripts import ended, scripted, system_texts

QUESTION = {"question": "Whom do we take?", "options": ["the one in May", "the cheaper one"]}


class TestTypedParallel:
    async def test_each_answer_has_the_type_of_its_agent(self, capsys: pytest.CaptureFixture[str]) -> None:
        model = scripted(
            {
                "in one sentence": ["A plum has to come down."],
                "to be decided": [json.dumps(QUESTION)],
                "filed under": ['{"words": ["plum", "quince"]}'],
            }
        )

        assert await typed_parallel.main(model) == []
        assert capsys.readouterr().out == (
            "In short: A plum has to come down. (90 words)\n"
            "Filed under: plum, quince\n"
            "To decide: Whom do we take?\n  - the one in May\n  - the cheaper one\n"
            "It took 45 tokens in all.\n"
        )
        assert {made.messages[-1]["content"] for made in model.calls} == {json.dumps({"letter": typed_parallel.LETTER})}

    async def test_an_answer_that_stays_wrong_fails_all(self) -> None:
        words = ['{"words": ["plum"]}', '{"words": []}']
        model = scripted({"sentence": ["Short."], "decided": [json.dumps(QUESTION)], "filed": words})

        with pytest.raises(ModelError, match="words: List should have at least 2 items"):
            await typed_parallel.read("A letter.", model)


PLANNED = call("create_plan", title="Compost", content="## Goal\nIt rots.\n\n## Sections\n1. Heap\n2. Turn")


def list_sections(messages: Sequence[Message], tools: object) -> Scripted:
    """Call the tool with the plan that was told."""
    plan = json.loads(messages[-1]["content"])
    tasks = [{"id": name, "label": f"The {name}"} for name in ("heap", "turn")]
    return call("create_task_list", title=plan["title"], plan_id=plan["plan_id"], tasks=tasks)


def a_model() -> ScriptedModel:
    return scripted(
        {
            "You plan an article": [PLANNED, "It is planned."],
            "You are given a plan": [list_sections, "It is listed."],
            "**Task:** The heap": [call("start_task"), call("complete_task", result="Pile it up."), "Done."],
            "**Task:** The turn": [call("start_task"), call("complete_task", result="Turn it over."), "Done."],
            "You head an article": ['{"title": "On compost", "teaser": "It rots."}'],
        }
    )


@pytest.mark.django_db(transaction=True)
class TestContentPipeline:
    async def test_the_article_is_planned_listed_written_and_headed(self, capsys: pytest.CaptureFixture[str]) -> None:
        model = a_model()
        (sections,) = await content_pipeline.main(model)

        assert await ended(sections) == {
            "heap": ("completed", "Pile it up."),
            "turn": ("completed", "Turn it over."),
        }
        assert capsys.readouterr().out.startswith(
            "# On compost\n\n*It rots.*\n\n## The heap\nPile it up.\n\n## The turn\nTurn it over.\n\n"
            "plan, orchestrate, write, head: completed in "
        )
        workers = [told for told in system_texts(model) if "## Your Assignment" in told]
        assert len(workers) == 2
        assert all("## Plan: Compost (version 1)" in told for told in workers)

    async def test_each_step_gets_what_those_before_it_made(self) -> None:
        model = a_model()
        done = await content_pipeline.article_on("Compost.", model)
        plan, sections = done.context["plan"], done.context["orchestrate"]
        made = plan["_created"]["create_plan"]

        assert list(done.context) == ["topic", "plan", "orchestrate", "write", "head"]
        assert plan["_value"] == "It is planned."
        assert (await made.get()).content.startswith("## Goal")
        assert (await create_handle(sections["_created"]["create_task_list"].id).get()).plan_id == made.id
        assert json.loads(model.calls[-1].messages[-1]["content"]) == {
            "The heap": "Pile it up.",
            "The turn": "Turn it over.",
        }

    async def test_a_planner_that_makes_no_plan_is_quoted_with_the_step_that_missed_it(self) -> None:
        with pytest.raises(PipelineStepFailed, match="It said: I would rather not") as raised:
            await content_pipeline.article_on("Compost.", ScriptedModel(["I would rather not."]))

        assert (raised.value.step, type(raised.value.__cause__)) == ("orchestrate", CruxError)
