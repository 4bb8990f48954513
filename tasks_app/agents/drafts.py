"""Tasks as programs write them down: a new one as a mapping, changes to one, whom it is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Required, TypedDict, cast

from tasks_app.errors import ValueRefused
from tasks_app.services.edits import Changes
from tasks_app.services.tasks import NewTask

__all__ = ["Assignee", "TaskChanges", "TaskDraft", "as_changes", "as_new_task"]


class Assignee(TypedDict, total=False):
    """Who works on a task: an agent by name, with a model by name."""

    agent: str
    model: str


class TaskDraft(TypedDict, total=False):
    """A task to add; `id` is all it needs."""

    id: Required[str]
    label: str
    description: str
    input: Any
    assignee: Assignee | None
    depends_on: Sequence[str]
    parent: str
    priority: int
    max_attempts: int
    not_before: datetime | None
    requires_approval: bool
    metadata: Mapping[str, Any]


class TaskChanges(TypedDict, total=False):
    """What may be changed of a task; `reason` goes with the status. Of an assignee what is left out stays."""

    label: str
    description: str
    input: Any
    assignee: Assignee
    depends_on: Sequence[str]
    priority: int
    max_attempts: int
    not_before: datetime | None
    metadata: Mapping[str, Any]
    status: Literal["skipped", "cancelled"]
    reason: str


def as_new_task(draft: TaskDraft) -> NewTask:
    """The task as the services take it.

    Raises:
        ValueRefused: no id, a key that no task has, or one text where several ids are meant.
    """
    if "id" not in draft:
        raise ValueRefused(f"A task needs an id; {_told(draft)} has none.")
    return NewTask(**_routed(draft, TaskDraft.__annotations__, f"Task {draft['id']!r}"))


def as_changes(task_id: str, changes: TaskChanges) -> Changes:
    """The changes as the services take them.

    Raises:
        ValueRefused: as `as_new_task`.
    """
    return cast(Changes, _routed(changes, TaskChanges.__annotations__, f"A change of task {task_id!r}"))


def _routed(given: Mapping[str, Any], keys: Mapping[str, Any], what: str) -> dict[str, Any]:
    """The keys of `given`, with the assignee's own in place of the assignee."""
    routed = {key: value for key, value in given.items() if key != "assignee"}
    assignee = given.get("assignee") or {}
    unknown = [key for key in given if key not in keys] + [key for key in assignee if key not in ("agent", "model")]
    if unknown:
        raise ValueRefused(f"{what} has no {unknown[0]!r}; known are: {', '.join(keys)}.")
    if isinstance(given.get("depends_on"), str):  # a text is a sequence, too: of its letters
        raise ValueRefused(f"{what} depends on a list of ids, not on one text: [{given['depends_on']!r}].")
    return routed | dict(assignee)


def _told(draft: Mapping[str, Any]) -> str:
    return repr(dict(draft))[:100]
