"""Transcripts: what an attempt said to its model, and what each call cost. Each message is stored once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from tasks_app.models import Attempt, Message, ModelCall, Task, TaskList
from tasks_app.rules.statuses import AttemptStatus
from tasks_app.rules.values import storable


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One model call of an attempt; `number` counts from 1. `cost` is USD, None where no price is known."""

    number: int
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = None
    seconds: float = 0.0
    finish_reason: str = ""
    error: str = ""


def record(
    attempt_id: UUID,
    messages: Sequence[Mapping[str, Any]],
    *,
    first_position: int,
    call: CallRecord | None = None,
) -> None:
    """Store messages from `first_position` on (1 is the first), and the call they belong to. Three queries.

    An attempt that another has ended still records what was paid: its usage goes to the task and the list at once. A
    running one's is added there when it ends.
    """
    now = timezone.now()
    rows = [
        Message(
            attempt_id=attempt_id,
            position=position,
            role=str(message.get("role", ""))[:20],
            body=storable(dict(message)),
            at=now,
        )
        for position, message in enumerate(messages, start=first_position)
    ]
    with transaction.atomic():
        Message.objects.bulk_create(rows)
        if call is None:
            return
        row = ModelCall(
            attempt_id=attempt_id,
            number=call.number,
            model=call.model[:200],
            input_tokens=call.input_tokens,
            output_tokens=call.output_tokens,
            cost=call.cost,
            seconds=call.seconds,
            finish_reason=call.finish_reason[:40],
            error=storable(call.error),
            ended_at=now,
        )
        ModelCall.objects.bulk_create([row])  # half the cost of a save
        _add_usage(attempt_id, call)


def _add_usage(attempt_id: UUID, call: CallRecord) -> None:
    attempt = Attempt.objects.filter(pk=attempt_id)
    cost = {} if call.cost is None else {"cost": Coalesce(F("cost"), Decimal(0)) + call.cost}
    change = cost | {
        "input_tokens": F("input_tokens") + call.input_tokens,
        "output_tokens": F("output_tokens") + call.output_tokens,
    }
    if attempt.filter(status=AttemptStatus.RUNNING).update(**change):
        return
    task_id, list_id = attempt.values_list("task_id", "task__task_list_id").get()
    used = cost | {"tokens": F("tokens") + call.input_tokens + call.output_tokens}
    TaskList.objects.filter(pk=list_id).update(**used)  # the list first, as everywhere
    Task.objects.filter(pk=task_id).update(**used)
    attempt.update(**change)
