"""Tasks as programs write them down: a new one as a mapping, changes to one, whom it is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Required, TypedDict, cast

from tasks_app.errors import ValueRefused
from tasks_app.rules import given
from tasks_app.rules.given import shown
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
        ValueRefused: no id, a key that no task has, or a value of the wrong kind.
    """
    if "id" not in given.mapping(draft, "A task to add"):
        raise ValueRefused(f"A task needs an id; {shown(dict(draft))} has none.")
    return NewTask(**_routed(draft, TaskDraft.__annotations__, f"task {shown(draft['id'])}"))


def as_changes(task_id: str, changes: TaskChanges) -> Changes:
    """The changes as the services take them.

    Raises:
        ValueRefused: as `as_new_task`.
    """
    return cast(Changes, _routed(changes, TaskChanges.__annotations__, f"task {shown(task_id)}"))


def _routed(values: Mapping[str, Any], keys: Mapping[str, Any], what: str) -> dict[str, Any]:
    """The keys of `values`, with the assignee's own in place of the assignee."""
    _check_known(values, keys, what)
    routed = {key: value for key, value in values.items() if key != "assignee"}
    if "depends_on" in routed:
        if isinstance(routed["depends_on"], str):  # a sequence, too: of its letters
            one = shown(routed["depends_on"])
            raise ValueRefused(f"The depends_on of {what} is a list of ids, not one text: [{one}].")
        ids = given.several(routed["depends_on"], f"The depends_on of {what}")
        routed["depends_on"] = [given.text(key, f"An id in the depends_on of {what}") for key in ids]
    if "parent" in routed:
        given.text(routed["parent"], f"The parent of {what}")
    assignee = values.get("assignee")
    if assignee is None:
        return routed
    whom = f"The assignee of {what}"
    _check_known(given.mapping(assignee, f"{whom}, {{agent, model}},"), Assignee.__annotations__, whom)
    return {**routed, **assignee}


def _check_known(values: Mapping[str, Any], keys: Mapping[str, Any], what: str) -> None:
    for key in values:
        if key not in keys:
            raise ValueRefused(f"{what[0].upper()}{what[1:]} has no {shown(key)}; known are: {', '.join(keys)}.")
