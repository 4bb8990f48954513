"""The event log's only writer, and its reader."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tasks_app.models import Event, EventSnapshot, Plan, TaskList
from tasks_app.models.columns import Owner
from tasks_app.rules.actors import Actor
from tasks_app.rules.events import KINDS
from tasks_app.rules.values import storable

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
        data=storable(dict(data or {})),
        at=at,
    )


def write(drafts: Iterable[Event]) -> None:
    """Write drafted events. One query for 500."""
    Event.objects.bulk_create(drafts, batch_size=500)


def after(topic: str, seq: int, *, limit: int = READ_LIMIT) -> list[EventSnapshot]:
    """A topic's events past `seq`, oldest first, at most `limit`. One query."""
    return [event.snapshot() for event in Event.objects.after(topic, seq)[:limit]]


def newest_seqs(topics: Collection[str]) -> dict[str, int]:
    """The newest `seq` of each topic that exists. One query for each kind of topic."""
    found: dict[str, int] = {}
    for owner in (TaskList, Plan):
        prefix = f"{owner.topic_prefix}:"
        ids = [key for topic in topics if topic.startswith(prefix) and _is_uuid(key := topic.removeprefix(prefix))]
        if ids:
            rows = owner.objects.filter(pk__in=ids).values_list("pk", "last_seq")
            found.update({f"{prefix}{pk}": seq for pk, seq in rows})
    return found


@dataclass(frozen=True, slots=True)
class Kept:
    """Which events of a topic the log holds, and the owner's state as of the last."""

    first_seq: int
    last_seq: int
    snapshot: dict[str, Any]


def kept(topic: str) -> Kept:
    """What the log holds of a topic that exists, with the snapshot for one who has missed what it no longer holds.

    One query.
    """
    prefix, _, key = topic.partition(":")
    data: dict[str, Any]
    if prefix == Plan.topic_prefix:
        plan = Plan.objects.get(pk=key)
        first, last, data = plan.first_seq, plan.last_seq, {"title": plan.title, "version": plan.version}
    else:
        row = TaskList.objects.get(pk=key)
        first, last = row.first_seq, row.last_seq
        data = {
            "title": row.title,
            "list": {"status": str(row.status), "counts": row.counts},
            "pauses": row.pauses,
            "finished": row.finished_at is not None,
        }
    return Kept(first, last, {"topic": topic, "kind": "snapshot", "as_of_seq": last, "data": data})


def of_task(topic: str, task: str, *, limit: int = READ_LIMIT) -> list[EventSnapshot]:
    """The newest events of one task, oldest of them first. One query."""
    rows = Event.objects.filter(topic=topic, task=task).order_by("-seq")[:limit]
    return [event.snapshot() for event in reversed(rows)]


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
