"""From a topic to an article in four steps: an agent plans, one lists the sections, workers write, one heads it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from pydantic import BaseModel

from tasks_app.crux import (
    CruxError,
    Generation,
    Model,
    PipelineResult,
    Step,
    TaskListHandle,
    TaskSnapshot,
    agent,
    create_plan_tool,
    create_task_list_tool,
    generate,
    parallel,
    pipeline,
    plan_agent,
    prompt,
    step_count_is,
    task_worker,
)

TOPIC = """\
How to keep a compost heap. Everything that grew may go on it, except what is ill or has gone to seed. Wet and dry come
in turns, so that air stays between them: grass on straw, peelings on leaves. Turn it twice, in spring and in late
summer. It is ready when it smells of a wood and nobody can tell any more what it was."""

TEMPLATE = """\
## Goal
[what a reader can do afterwards, in one sentence]

## Sections
1. [a section that can be written without the others]"""


class Heading(BaseModel):
    """What stands above an article."""

    title: str
    teaser: str


# Made once, for all pipelines of the program. So that these do not mix up their plans, what a step's tools have made
# stands in its own pipeline's context, under `_created`.
planner = agent(
    id="content-planner",
    prompt="You plan an article on the topic you are given. Create one plan.",
    tools=[create_plan_tool(template=TEMPLATE)],
    stop_when=step_count_is(4),
)
orchestrator = agent(
    id="content-orchestrator",
    prompt="You are given a plan. Create one task list for it: a task a section, none of which waits for another.",
    tools=[create_task_list_tool()],
    stop_when=step_count_is(4),
)
editor = agent(id="content-editor", prompt="You head an article whose sections you are given.", output=Heading)


def created(context: Mapping[str, Any], step: str, tool: str) -> Any:
    """What a tool of a step has made, which a model may have left undone."""
    handle = context[step]["_created"][tool]
    if handle is None:
        raise CruxError(f"The model did not call {tool}. It said: {context[step]['_value']}")
    return handle


async def the_plan(context: Mapping[str, Any]) -> dict[str, str]:
    """The orchestrator's input: not the whole context, as it would be by default, but the plan as it was written."""
    plan = await created(context, "plan", "create_plan").get()
    return {"plan_id": str(plan.id), "title": plan.title, "content": plan.content}


async def write(context: Mapping[str, Any], *, model: str | Model | None) -> dict[str, Any]:
    """A step may be a function: here a worker a section, three of them at once."""
    sections = created(context, "orchestrate", "create_task_list")
    plan = plan_agent(created(context, "plan", "create_plan").id)

    async def write_one(task: TaskSnapshot) -> Generation:
        worker = task_worker(task.list_id, task.id)
        return await generate(
            prompt(
                id="write-section",
                system="You write one section of an article, in a few sentences.",
                prompt="Begin your task.",
                use=[plan.as_context(), worker.as_context()],
                tools=worker.as_tools(),
            ),
            model=model,
            stop_when=step_count_is(8),
        )

    tasks = await sections.get_tasks()
    await parallel(agents={task.id: partial(write_one, task) for task in tasks}, max_concurrency=3)
    return {task.label: task.result for task in await sections.get_tasks()}


async def article_on(topic: str, model: str | Model | None) -> PipelineResult:
    """Each step knows what those before it have made; the first that fails ends it, as PipelineStepFailed."""
    return await pipeline(
        steps=[
            Step("plan", planner),
            Step("orchestrate", orchestrator, input=the_plan),
            Step("write", partial(write, model=model)),
            Step("head", editor, input=lambda context: context["write"]),
        ],
        context={"topic": topic},
        model=model,
    )


async def main(model: str | Model | None = None) -> list[TaskListHandle]:
    """Write an article, and print it."""
    done = await article_on(TOPIC, model)
    heading = done.results.of(editor).output  # a Heading, to a type checker too
    print(f"# {heading.title}\n\n*{heading.teaser}*")
    for label, text in done.context["write"].items():
        print(f"\n## {label}\n{text}")
    print(f"\n{', '.join(done.results)}: {done.status} in {done.duration:.2f} s.")
    return [created(done.context, "orchestrate", "create_task_list")]
