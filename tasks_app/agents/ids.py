"""Ids as they are given: a UUID, its text, or something that has one, as a handle or a snapshot does."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from tasks_app.errors import NotFound, PlanNotFound, TaskListNotFound

__all__ = ["Identified", "list_id", "plan_id"]


class Identified(Protocol):
    """A handle or a snapshot of a plan or a task list."""

    @property
    def id(self) -> UUID:
        """The row's id."""
        ...


def list_id(given: Identified | UUID | str) -> UUID:
    """The id of a task list; nobody has looked whether there is one.

    Raises:
        TaskListNotFound: the text is no UUID, so no list has it.
    """
    return _read(given, TaskListNotFound, "task list")


def plan_id(given: Identified | UUID | str) -> UUID:
    """The id of a plan; nobody has looked whether there is one.

    Raises:
        PlanNotFound: the text is no UUID, so no plan has it.
    """
    return _read(given, PlanNotFound, "plan")


def _read(given: Identified | UUID | str, missing: type[NotFound], what: str) -> UUID:
    if isinstance(given, UUID):
        return given
    if not isinstance(given, str):
        return given.id
    try:
        return UUID(given)
    except ValueError:
        raise missing(f"There is no {what} {given[:80]!r}; its id is a UUID.") from None
