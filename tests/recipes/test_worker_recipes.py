"""The recipes of one worker and of many, with models that follow a script."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tasks_app.crux import ScriptedModel, create_plan, tasklist
from tasks_app.llm.scripted import call
from tasks_app.recipes import custom_rendering, demand_sources, fan_out, worker_lifecycle
from tests.recipes.scripts import DONE, answers, ended, scripted, system_texts

pytestmark = pytest.mark.django_db(transaction=True)


class TestWorkerLifecycle:
    async def test_the_model_moves_its_task_and_hears_of_each_move(self) -> None:
        model = ScriptedModel(
            [
                call("start_task"),
                call("report_progress", message="Reading about cans"),
                call("complete_task", result="Water at dawn."),
                "Done.",
            ]
        )
        (sections,) = await worker_lifecycle.main(model)

        assert await ended(sections) == {"watering": ("completed", "Water at dawn.")}
        assert (await sections.get()).status == "completed"
        assert [answer["status"] for answer in answers(model, 3)] == ["in_progress", "in_progress", "completed"]
        assert (await sections.get_task("watering")).progress == "Reading about cans"

    async def test_plan_and_assignment_are_told_together_and_the_plan_is_dropped_first(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        model = ScriptedModel(DONE)
        (sections,) = await worker_lifecycle.main(model)
        (told,) = system_texts(model)
        plan_id = (await sections.get()).plan_id

        assert told.index("A handbook for the garden") < told.index("## Your Assignment")
        out = capsys.readouterr().out
        assert told in out
        assert f"With one token less plan:{plan_id} is dropped" in out
        assert out.count("is dropped") == 1
        assert [tool["function"]["name"] for tool in model.calls[0].tools] == [
            "start_task",
            "report_progress",
            "complete_task",
            "fail_task",
        ]


class TestDemandSources:
    async def test_a_finding_without_sources_is_refused_and_mended(self) -> None:
        found = {"finding": "Toads help.", "sources": ["https://example.org/toads"]}
        model = ScriptedModel(
            [
                call("start_task"),
                call("complete_task", finding="Toads help.", sources=[]),
                call("complete_task", **found),
                "Done.",
            ]
        )
        (questions,) = await demand_sources.main(model)

        assert await ended(questions) == {"slugs": ("completed", found)}
        refused = answers(model, 2)[-1]
        assert (refused["ok"], "'sources'" in refused["error"]) == (False, True)

    async def test_the_model_is_told_what_is_demanded(self) -> None:
        model = ScriptedModel([call("fail_task", error="no notes"), "Sorry."])
        (questions,) = await demand_sources.main(model)
        complete = next(t["function"] for t in model.calls[0].tools if t["function"]["name"] == "complete_task")

        assert complete["parameters"]["required"] == ["finding", "sources"]
        assert complete["description"].startswith("Hand in what you found.")
        assert await ended(questions) == {"slugs": ("failed", None)}


async def test_custom_rendering_tells_other_guidelines_and_the_state_of_the_others() -> None:
    model = ScriptedModel(DONE, by_turn=True)
    (walk,) = await custom_rendering.main(model)
    beds, fence = system_texts(model)

    assert await ended(walk) == {"beds": ("completed", "Done."), "fence": ("completed", "Done.")}
    assert "## Your Assignment\n**Task:** Look at the beds" in beds
    assert (custom_rendering.GUIDELINES in beds, "Call `start_task`" in beds) == (True, False)
    assert fence == (
        "You report what was seen on a walk.\n\n"
        "Your task: Look at the fence. Two boards are loose at the gate. The north side was painted in May and is "
        "sound.\nDone so far: 1 of 2 tasks.\nDo not repeat what is said in: Look at the beds."
    )


class TestFanOut:
    async def test_both_ways_write_every_card(self) -> None:
        model = scripted({text: [call("complete_task", result=name), "Done."] for name, text in fan_out.BEDS.items()})
        made = await fan_out.main(model)

        for cards in made:
            assert await ended(cards) == {name: ("completed", name) for name in fan_out.BEDS}
        assert [(await cards.get()).title for cards in made] == ["One after the other", "All at once"]

    async def test_one_after_the_other_ends_a_conversation_before_the_next(self) -> None:
        model = ScriptedModel(DONE, by_turn=True)
        await fan_out.main(model)
        turns = [sum(said["role"] == "assistant" for said in made.messages) for made in model.calls]

        assert turns[:12] == [0, 1, 2] * 4

    async def test_all_at_once_has_every_worker_begin_before_one_ends(self) -> None:
        together = asyncio.Barrier(3)

        async def begin(messages: object, tools: object) -> Any:
            await together.wait()
            return call("start_task")

        plan = await create_plan(title="Cards")
        cards = await tasklist()
        await cards.add_tasks([{"id": name} for name in ("one", "two", "three")])
        async with asyncio.timeout(30):
            await fan_out.all_at_once(plan, cards, ScriptedModel([begin, *DONE[1:]], by_turn=True))

        assert set((await ended(cards)).values()) == {("completed", "Done.")}
