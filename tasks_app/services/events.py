"""The event log's only writer, and its reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tasks_app.models import Event, EventSnapshot
from tasks_app.models.columns import Owner
from tasks_app.rules.actors import Actor
from tasks_app.rules.events import KINDS

READ_LIMIT = 500  # events a read; a subscriber far behind gets them in several


def draft(
    owner: Owner,
    kind: str,
    *,
    actor: Actor,
    at: datetime,
    task: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> Event:
    """The next event of `owner`'s topic, not yet written. Bumps `owner.last_seq`.

    The caller holds the owner's row lock, and saves the owner and the event in the same transaction: this is what makes
    `seq` dense.
    """
    assert kind in KINDS, kind
    owner.last_seq += 1
    return Event(
        topic=owner.topic,
        seq=owner.last_seq,
        kind=kind,
        task=task,
        actor_kind=actor.kind,
        actor_name=actor.name,
        data=dict(data or {}),
        at=at,
    )


def write(drafts: Iterable[Event]) -> None:
    """Write drafted events. One query for 500."""
    Event.objects.bulk_create(drafts, batch_size=500)


def after(topic: str, seq: int, *, limit: int = READ_LIMIT) -> list[EventSnapshot]:
    """A topic's events past `seq`, oldest first, at most `limit`. One query."""
    return [event.snapshot() for event in Event.objects.after(topic, seq)[:limit]]


def of_task(topic: str, task: str, *, limit: int = READ_LIMIT) -> list[EventSnapshot]:
    """The newest events of one task, oldest of them first. One query."""
    rows = Event.objects.filter(topic=topic, task=task).order_by("-seq")[:limit]
    return [event.snapshot() for event in reversed(rows)]
