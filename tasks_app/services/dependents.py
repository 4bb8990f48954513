"""What follows for the tasks behind others when those have moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from django.db.models import Q

from tasks_app.models import Dependency, Task
from tasks_app.rules.statuses import TaskStatus

CHUNK = 500  # keys a query, well under every database's limit on parameters

T = TypeVar("T")

_OPEN_TO_CHANGE = (TaskStatus.PENDING, TaskStatus.AWAITING_APPROVAL, TaskStatus.SKIPPED)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a task stands towards those it depends on: how many it waits for, and the first that bars it for good."""

    waiting_for: int
    barred_by: str | None
    reason: str = ""


def is_satisfied(status: str, by_dependency: bool) -> bool:
    """A dependency lets its dependents go when it is completed, or a person skipped it."""
    return status == TaskStatus.COMPLETED or (status == TaskStatus.SKIPPED and not by_dependency)


def is_barring(status: str, by_dependency: bool) -> bool:
    """A dependency bars its dependents when it ended without being satisfied."""
    return status in (TaskStatus.FAILED, TaskStatus.CANCELLED) or (status == TaskStatus.SKIPPED and by_dependency)


def standings(task_ids: Collection[int]) -> dict[int, Standing]:
    """The standing of each task, by its pk. One query for 500 tasks."""
    found: dict[int, Standing] = {}
    for chunk in chunks(task_ids):
        edges: dict[int, list[tuple[str, str, bool]]] = defaultdict(list)
        rows = Dependency.objects.filter(task__in=chunk).order_by("on__position")
        for task_id, key, status, by_dependency in rows.values_list(
            "task_id", "on__key", "on__status", "on__skipped_by_dependency"
        ):
            edges[task_id].append((key, status, by_dependency))
        found.update({task_id: _standing(edges[task_id]) for task_id in chunk})
    return found


def waits_for(task_ids: Collection[int]) -> dict[int, list[str]]:
    """The ids of what each task still waits for, by its pk and their position. One query for 500 tasks."""
    found: dict[int, list[str]] = defaultdict(list)
    done = Q(on__status=TaskStatus.COMPLETED) | Q(on__status=TaskStatus.SKIPPED, on__skipped_by_dependency=False)
    for chunk in chunks(task_ids):
        rows = Dependency.objects.filter(~done, task__in=chunk).order_by("on__position")
        for task_id, key in rows.values_list("task_id", "on__key"):
            found[task_id].append(key)
    return dict(found)


def behind(task_ids: Collection[int], *, and_also: Iterable[Task] = ()) -> list[tuple[Task, Standing]]:
    """The tasks directly behind the given ones that may still change for it, and some more, each with its standing.

    Two queries for 500 tasks.
    """
    dependents = {task.pk: task for task in and_also}
    for chunk in chunks(task_ids):
        rows = Task.objects.present().filter(dependencies__on__in=chunk, status__in=_OPEN_TO_CHANGE)
        dependents.update({task.pk: task for task in rows})
    by_id = standings(dependents)
    return [(task, by_id[pk]) for pk, task in sorted(dependents.items())]


def chunks(items: Collection[T]) -> Iterator[list[T]]:
    """`items` in lists of at most 500."""
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _standing(edges: Sequence[tuple[str, str, bool]]) -> Standing:
    waiting = sum(not is_satisfied(status, by_dependency) for _, status, by_dependency in edges)
    for key, status, by_dependency in edges:
        if is_barring(status, by_dependency):
            verb = "failed" if status == TaskStatus.FAILED else f"was {status}"
            return Standing(waiting, key, f"its dependency {key!r} {verb}")
    return Standing(waiting, None)
