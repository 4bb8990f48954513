"""Plans: write, revise, read. Every version is kept."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from tasks_app.conf import conf
from tasks_app.errors import PlanNotFound, ValueRefused
from tasks_app.models import Plan, PlanRevision, PlanSnapshot, RevisionSnapshot
from tasks_app.rules import given
from tasks_app.rules.actors import Actor
from tasks_app.rules.values import as_metadata, clean_text
from tasks_app.services import events


def create(
    title: str,
    *,
    actor: Actor,
    content: str = "",
    metadata: Mapping[str, Any] | None = None,
    created_by: User | None = None,
) -> PlanSnapshot:
    """Write a plan; it is version 1. Three queries.

    Raises:
        ValueRefused: no title, or metadata that is not JSON.
    """
    plan = Plan(
        title=_title(title),
        content=_content(content),
        metadata=_metadata({} if metadata is None else metadata),
        created_by=created_by,
    )
    with transaction.atomic():
        drafted = events.draft(plan, "plan.created", actor=actor, at=timezone.now(), data={"title": plan.title})
        plan.save(force_insert=True)
        _keep_revision(plan, actor)
        events.write([drafted])
    return plan.snapshot()


def get(plan_id: UUID) -> PlanSnapshot:
    """The plan as it stands. One query.

    Raises:
        PlanNotFound.
    """
    plan = Plan.objects.filter(pk=plan_id).first()
    if plan is None:
        raise PlanNotFound(f"There is no plan {plan_id}.")
    return plan.snapshot()


def update(
    plan_id: UUID,
    *,
    actor: Actor,
    title: str | None = None,
    content: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> PlanSnapshot:
    """Change a plan. Giving a title or content, even an equal one, makes the next version; metadata replaces.

    Nothing given is no change, and nothing is written for it.

    Raises:
        PlanNotFound, ValueRefused.
    """
    with transaction.atomic():
        plan = Plan.objects.select_for_update(of=("self",)).filter(pk=plan_id).first()
        if plan is None:
            raise PlanNotFound(f"There is no plan {plan_id}.")
        if title is None and content is None and metadata is None:
            return plan.snapshot()
        if title is not None:
            plan.title = _title(title)
        if content is not None:
            plan.content = _content(content)
        if metadata is not None:
            plan.metadata = _metadata(metadata)
        if title is not None or content is not None:
            plan.version += 1
            _keep_revision(plan, actor)
        data = {"version": plan.version}
        drafted = events.draft(plan, "plan.changed", actor=actor, at=timezone.now(), data=data)
        plan.save()
        events.write([drafted])
    return plan.snapshot()


def revisions(plan_id: UUID) -> list[RevisionSnapshot]:
    """Every version of a plan, oldest first, each with what it changed. One query.

    Raises:
        PlanNotFound.
    """
    rows = list(PlanRevision.objects.filter(plan=plan_id))
    if not rows:
        raise PlanNotFound(f"There is no plan {plan_id}.")
    diffs = ["", *(_diff(before, after) for before, after in pairwise(rows))]
    return [row.snapshot(diff) for row, diff in zip(rows, diffs, strict=True)]


def _diff(before: PlanRevision, after: PlanRevision) -> str:
    old, new = before.content.split("\n"), after.content.split("\n")
    return "\n".join(unified_diff(old, new, f"version {before.version}", f"version {after.version}", lineterm=""))


def _keep_revision(plan: Plan, actor: Actor) -> None:
    PlanRevision.objects.create(
        plan=plan, version=plan.version, title=plan.title, content=plan.content, author=actor.name[:200]
    )


def _title(title: str) -> str:
    text = clean_text(" ".join(given.text(title, "A plan's title").split()), max_chars=200)
    if not text:
        raise ValueRefused("A plan needs a title.")
    return text


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return as_metadata(metadata, what="The plan's metadata", max_bytes=conf.max_value_bytes)


def _content(content: str) -> str:
    size = len(given.text(content, "A plan's content").encode(errors="replace"))
    if size > conf.max_value_bytes:
        limit = conf.max_value_bytes
        raise ValueRefused(f"The plan is {size:,} bytes; at most {limit:,} are stored (CRUX_MAX_VALUE_BYTES).")
    return clean_text(content)
