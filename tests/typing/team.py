"""Agents of a team, in a pipeline and at once, with the types their author counts on. mypy reads it; see test_types."""

from typing import Any, assert_type

from pydantic import BaseModel

from tasks_app.crux import Agent, Outcome, ParallelResult, PipelineResult, Step, agent, parallel, pipeline


class Outline(BaseModel):
    parts: list[str]


outliner = agent(id="outliner", prompt="You outline.", output=Outline)
counter = agent(id="counter", prompt="You count.", output=dict[str, int])
writer = agent(id="writer", prompt="You write.")
anybody: Agent = writer


def length(context: dict[str, Any]) -> int:
    return len(context)


async def nothing() -> None:
    return None


async def at_once() -> ParallelResult:
    done = await parallel(
        agents={"outline": outliner, "counts": counter, "text": writer, "length": length, "nothing": nothing},
        context={"topic": "garlic"},
        on_error="continue",
        max_concurrency=2,
    )
    assert_type(done.results.of(outliner), Outcome[Outline])
    assert_type(done.results.of(outliner).output.parts, list[str])
    assert_type(done.results.of(counter).output, dict[str, int])
    assert_type(done.results.of(writer).output, str)
    assert_type(done.results.of(anybody).output, Any)
    assert_type(done.results.outline, Outcome[Any])
    assert_type(done.results["length"].output, Any)
    assert_type(done.settled["text"].error, BaseException | None)
    return done


async def in_order() -> PipelineResult:
    steps = [
        Step("outline", outliner, input={"topic": "garlic"}),
        Step("text", writer, lambda context: context["outline"]),
    ]
    done = await pipeline(steps=steps, context={"topic": "garlic"}, model="small")
    assert_type(done.results.of(outliner).output, Outline)
    assert_type(done.final_output, Any)
    assert_type(done.context, dict[str, Any])
    return done


async def wrong() -> None:
    """Each line a mistake that mypy finds."""
    await parallel(agents=[outliner])  # type: ignore[arg-type]
    await parallel(agents={"outline": "outliner"})  # type: ignore[dict-item]
    await parallel(agents={}, on_error="ignore")  # type: ignore[arg-type]
    await pipeline(steps=[outliner])  # type: ignore[list-item]
    Step("outline", 7)  # type: ignore[arg-type]
    done = await at_once()
    print(done.results.of(outliner).output.pages)  # type: ignore[attr-defined]
    done.results.of("outline")  # type: ignore[call-overload]
