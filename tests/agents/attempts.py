"""Short words for what tests of agents arrange and look at: a claimed task, its attempt, what was recorded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tasks_app.agents import registry
from tasks_app.agents.task_worker import TaskWorker
from tasks_app.crossing import in_db
from tasks_app.llm.model import Model
from tasks_app.llm.scripted import Scripted, ScriptedModel
from tasks_app.models import Attempt, Message, ModelCall, TaskListSnapshot, TaskSnapshot
from tasks_app.services import interventions, tasks
from tasks_app.services.claims import Claim
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, a_list, claim_one


class ModelsOf:
    """A place where every name is this model; it remembers the names."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.asked_for: list[str | None] = []

    def get(self, name: str | None = None) -> Model:
        self.asked_for.append(name)
        return self.model


def no_models() -> ModelsOf:
    """For workers that need none."""
    return ModelsOf(ScriptedModel([]))


async def a_claim(agent: str = "writer", **task: Any) -> Claim:
    """A task of this agent, claimed by a live worker."""

    def arrange() -> Claim:
        a_list(NewTask(**{"id": "intro", **task}), agent=agent)
        return claim_one()

    return await in_db(arrange)


async def work(script: Sequence[Scripted], **task: Any) -> tuple[TaskSnapshot, ScriptedModel]:
    """Let agent `writer`, with a model of this script, work on a task; how the task stands then."""
    model = ScriptedModel(script)
    claim = await a_claim(**task)
    await registry.run_attempt(claim, ModelsOf(model))
    return await task_of(claim), model


async def failure(script: Sequence[Scripted], **task: Any) -> tuple[Exception, ScriptedModel]:
    """Let agent `writer`, with a model of this script, fail at a task; what the pool is told of it."""
    model = ScriptedModel(script)
    return await failure_of(await a_claim(**task), ModelsOf(model)), model


async def failure_of(claim: Claim, models: ModelsOf) -> Exception:
    """What the pool is told of an attempt that fails; the attempt itself is left to the pool."""
    with pytest.raises(Exception) as raised:
        await registry.run_attempt(claim, models)
    assert (await attempt_row(claim)).status == "running"
    return raised.value


async def task_of(claim: Claim) -> TaskSnapshot:
    """The task of a claim as it stands."""
    return await in_db(tasks.get, claim.list_id, claim.task.id)


async def attempts_of(claim: Claim) -> list[tuple[str, str]]:
    """Status and error of each attempt at the claim's task, in order."""
    found = await in_db(tasks.attempts_of, claim.list_id, claim.task.id)
    return [(attempt.status, attempt.error) for attempt in found]


async def transcript_of(claim: Claim) -> list[dict[str, Any]]:
    """The recorded messages, in order."""
    return await in_db(lambda: [row.body for row in Message.objects.filter(attempt=claim.attempt_id)])


async def calls_of(claim: Claim) -> list[ModelCall]:
    """The recorded model calls, in order."""
    return await in_db(lambda: list(ModelCall.objects.filter(attempt=claim.attempt_id)))


async def cancel(claim: Claim) -> None:
    """Let a person cancel the claim's task."""
    await in_db(interventions.cancel, claim.list_id, claim.task.id, actor=ALICE)


async def attempt_row(claim: Claim) -> Attempt:
    """The attempt's row."""
    return await in_db(lambda: Attempt.objects.get(pk=claim.attempt_id))


def answers(model: ScriptedModel, call_number: int) -> list[dict[str, Any]]:
    """What the tools had answered when the model was called for this time."""
    said = model.calls[call_number - 1].messages
    return [json.loads(message["content"]) for message in said if message["role"] == "tool"]


async def made(*new: NewTask | str, **options: Any) -> TaskListSnapshot:
    """A list that the pool does not serve."""
    return await in_db(lambda: a_list(*new, **{"started": False, "agent": "", **options}))


async def use(worker: TaskWorker, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool of the worker answers."""
    said: Any = worker.as_tools()[tool].execute(arguments)
    answer: dict[str, Any] = json.loads(await said)
    return answer
