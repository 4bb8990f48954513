"""Transcripts: what an attempt said to its model, and what each call cost. Each message is stored once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Model
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
    cost = {} if call.cost is None else {"cost": call.cost}
    used = cost | {"input_tokens": call.input_tokens, "output_tokens": call.output_tokens}
    if _add(Attempt, attempt_id, used, status=AttemptStatus.RUNNING):
        return
    task_id, list_id = Attempt.objects.filter(pk=attempt_id).values_list("task_id", "task__task_list_id").get()
    total = cost | {"tokens": call.input_tokens + call.output_tokens}
    _add(TaskList, list_id, total)  # the list first, as everywhere
    _add(Task, task_id, total)
    _add(Attempt, attempt_id, used)


def _add(model: type[Model], pk: Any, amounts: Mapping[str, int | Decimal], **conditions: str) -> bool:
    """Add amounts to columns of a row; False if there is no such row. One query.

    In SQL of its own: an update with F() is resolved anew each time, and these, several a model call, took a fifth of
    a worker's CPU.
    """
    sets = ", ".join(f"{name} = COALESCE({name}, 0) + %s" for name in amounts)
    where = " AND ".join(["id = %s", *(f"{name} = %s" for name in conditions)])
    key = model._meta.pk.get_db_prep_value(pk, connection)
    with connection.cursor() as cursor:
        parameters = [*amounts.values(), key, *map(str, conditions.values())]
        cursor.execute(f"UPDATE {model._meta.db_table} SET {sets} WHERE {where}", parameters)
        return bool(cursor.rowcount)
