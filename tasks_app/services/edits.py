"""Edits: change what a task is, while it waits, runs or has ended."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from tasks_app.errors import IllegalTransition, ValueRefused
from tasks_app.models import Dependency, Task, TaskSnapshot
from tasks_app.rules.actors import Actor
from tasks_app.rules.given import shown
from tasks_app.rules.statuses import UNFINISHED, By, TaskStatus, allowed, check_touch, words
from tasks_app.rules.task_values import CHECKED, checked
from tasks_app.rules.values import as_reason, excerpt
from tasks_app.services import dependencies, interventions, tasks
from tasks_app.services.dependents import standings
from tasks_app.services.ledger import Ledger, open_list

ENDINGS = (TaskStatus.SKIPPED, TaskStatus.CANCELLED)  # all that an update may make of a task
ALWAYS = frozenset({"label", "description", "metadata"})  # no worker's work rests on these


class Changes(TypedDict, total=False):
    """What to change of a task; what is not given stays. `reason` says why, for the record."""

    label: str
    description: str
    input: Any
    agent: str
    model: str
    depends_on: Sequence[str]
    priority: int
    max_attempts: int
    not_before: datetime | None
    metadata: Mapping[str, Any]
    status: str
    reason: str


def update(list_id: UUID, task_id: str, changes: Changes, *, actor: Actor, by: By = By.HANDLE) -> TaskSnapshot:
    """Change a task, all of it or none. What is equal is no change, and nothing is written for it.

    Seven queries; eight more for dependencies, and what follows for other tasks.

    Raises:
        TaskListNotFound, TaskListDiscarded, TaskNotFound.
        ValueRefused: a value cannot be stored, or there is no such thing to change.
        DependencyRefused: as when tasks are added.
        IllegalTransition: the task's status lets this not be changed; or a status that is not for an update.
    """
    wanted = _checked(task_id, changes)
    reason = as_reason(changes.get("reason", ""))
    with open_list(list_id, actor=actor) as ledger:
        task = tasks.find(list_id, task_id)
        check_touch(task.key, task.status, by)
        before = {name: getattr(task, name) for name in wanted}
        edited = {name: value for name, value in wanted.items() if not _same(value, before[name])}
        if "depends_on" in changes:
            before["depends_on"] = dependencies.of(task)
            if {*changes["depends_on"]} != {*before["depends_on"]}:
                edited["depends_on"] = list(dict.fromkeys(changes["depends_on"]))
        _check_open(task, edited)
        if edited:
            _apply(ledger, task, edited, before, reason)
        if (to := changes.get("status", task.status)) != task.status:
            interventions.end(ledger, task, _ending(task, to, by), by=by, reason=reason)
    return task.snapshot()


def _checked(task_id: str, changes: Changes) -> dict[str, Any]:
    for name in changes:
        if name not in Changes.__annotations__:
            names = ", ".join(Changes.__annotations__)
            raise ValueRefused(f"A task has no {name!r} to change; what may be given: {names}.")
    return checked(task_id, {name: value for name, value in changes.items() if name in CHECKED})


def _same(one: Any, other: Any) -> bool:
    """Whether two values are stored the same; as JSON, where true is not 1."""
    if isinstance(one, datetime):
        return bool(one == other)
    return json.dumps(one, sort_keys=True, default=str) == json.dumps(other, sort_keys=True, default=str)


def _ending(task: Task, status: str, by: By) -> TaskStatus:
    if status in ENDINGS:
        return TaskStatus(status)
    ways = tuple(way for way in allowed(task.status, by) if way in ENDINGS)
    message = f"An update does not make task {task.key!r} {shown(status)}; it makes one skipped or cancelled only."
    raise IllegalTransition(message, status=str(task.status), allowed=ways)


def _check_open(task: Task, edited: Mapping[str, Any]) -> None:
    """Pass if the task's status lets these be changed."""
    names = [name for name in edited if name not in ALWAYS]
    if task.status == TaskStatus.IN_PROGRESS and names:
        what = f"the {names[0]} of task {task.key!r}"
        raise IllegalTransition(f"It is in progress, so {what} cannot be changed; cancel it first.", status=task.status)
    if task.status != TaskStatus.PENDING and "depends_on" in edited:
        message = f"Task {task.key!r} is {words(task.status)}; depends_on may change only while it is pending."
        raise IllegalTransition(message, status=task.status)
    tries = edited.get("max_attempts")
    if tries is not None and task.status in UNFINISHED and tries <= task.failed_count:
        left = f"leaves task {task.key!r} no try (failed so far: {task.failed_count:,}); cancel it instead."
        raise ValueRefused(f"A max_attempts of {tries:,} {left}")


def _apply(ledger: Ledger, task: Task, edited: dict[str, Any], before: Mapping[str, Any], reason: str) -> None:
    shown = {name: {"before": _shown(before[name]), "after": _shown(value)} for name, value in edited.items()}
    columns = {name: value for name, value in edited.items() if name != "depends_on"}
    if "depends_on" in edited:
        columns["waiting_for"] = _set_dependencies(ledger, task, edited["depends_on"])
    if "input" in edited:
        columns["approved_at"] = None  # people approved what it was
    ledger.change(task, {"changes": shown} | ({"reason": reason} if reason else {}), **columns)


def _set_dependencies(ledger: Ledger, task: Task, depends_on: Sequence[str]) -> int:
    """Write what a task depends on; what follows is settled when the books close. Returns how many it waits for."""
    known = dependencies.known(ledger.row, depends_on)
    dependencies.check_known(task.key, depends_on, {*known, task.key})
    others = {key: on for key, on in dependencies.of_list(ledger.row).items() if key != task.key}
    dependencies.check_circles({task.key: depends_on, **others})
    Dependency.objects.filter(task=task).delete()
    Dependency.objects.bulk_create([Dependency(task=task, on_id=pk) for pk in known.values()], batch_size=500)
    ledger.row.has_dependencies = True
    ledger.rederive(known.values())
    return standings([task.pk])[task.pk].waiting_for


def _shown(value: Any) -> Any:
    return excerpt(value.isoformat() if isinstance(value, datetime) else value)
