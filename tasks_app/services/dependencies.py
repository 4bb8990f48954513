"""The tasks that a task names, those it depends on and its parent: of its own list, and never in a circle."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tasks_app.errors import DependencyRefused
from tasks_app.models import Dependency, Task, TaskList
from tasks_app.rules.given import shown
from tasks_app.rules.graph import find_cycle
from tasks_app.rules.values import is_id
from tasks_app.services.dependents import chunks

DRAWN = 10  # ids of a circle that a message names; one may go through thousands


def known(task_list: TaskList, wanted: Collection[str]) -> dict[str, int]:
    """The pks of those of `wanted`, ids, that are on the list. One query for 500."""
    found: dict[str, int] = {}
    for chunk in chunks(list(filter(is_id, wanted))):
        rows = Task.objects.present().filter(task_list=task_list, key__in=chunk)
        found |= dict(rows.values_list("key", "pk"))
    return found


def of(task: Task) -> list[str]:
    """The ids of those a task depends on, by position. One query."""
    rows = Dependency.objects.filter(task=task).order_by("on__position")
    return list(rows.values_list("on__key", flat=True))


def of_list(task_list: TaskList) -> dict[str, list[str]]:
    """What each task of the list depends on, by their ids. One query."""
    edges: dict[str, list[str]] = {}
    rows = Dependency.objects.filter(task__task_list=task_list).order_by("on__position")
    for task, on in rows.values_list("task__key", "on__key"):
        edges.setdefault(task, []).append(on)
    return edges


def check_known(task_id: str, depends_on: Collection[str], there: Collection[str]) -> None:
    """Pass if all that a task depends on is among `there`.

    Raises:
        DependencyRefused: one is not; it is named.
    """
    for key in depends_on:
        if key not in there:
            raise DependencyRefused(f"Task {task_id!r} depends on {shown(key)}, which the list does not have.")


def check_circles(edges: Mapping[str, Collection[str]]) -> None:
    """Pass if no task depends, through others, on itself.

    Raises:
        DependencyRefused: one does; the circle is named.
    """
    cycle = find_cycle(edges)
    if len(cycle) == 2:
        raise DependencyRefused(f"Task {cycle[0]!r} depends on itself.")
    if cycle:
        raise DependencyRefused(f"The dependencies go in a circle: {_drawn(cycle)}.")


def check_parents(parents: Mapping[str, str], there: Collection[str]) -> None:
    """Pass if the parents of new tasks, by their ids, are among `there` and none is below itself.

    Raises:
        DependencyRefused: one is not, or is; it is named.
    """
    for key, parent in parents.items():
        if parent not in there:
            raise DependencyRefused(f"The parent of task {key!r} is {shown(parent)}, which the list does not have.")
    cycle = find_cycle({key: (parent,) for key, parent in parents.items()})
    if len(cycle) == 2:
        raise DependencyRefused(f"Task {cycle[0]!r} is its own parent.")
    if cycle:
        raise DependencyRefused(f"The parents go in a circle: {_drawn(cycle)}.")


def _drawn(cycle: Collection[str]) -> str:
    keys = list(cycle)
    if len(keys) > DRAWN:
        keys = [*keys[: DRAWN - 1], keys[-1]]
    told = [shown(key) for key in keys]
    if len(cycle) > DRAWN:
        told.insert(-1, f"{len(cycle) - DRAWN:,} more")
    return " → ".join(told)
