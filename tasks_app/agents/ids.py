"""Ids as they are given: a UUID, its text, or something that has one, as a handle or a snapshot does."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from tasks_app.errors import NotFound, PlanNotFound, TaskListNotFound
from tasks_app.rules.given import shown

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
    named = given if isinstance(given, str) else getattr(given, "id", None)
    if isinstance(named, UUID):
        return named
    try:
        return UUID(named)
    except (ValueError, TypeError, AttributeError):
        raise missing(f"There is no {what} {shown(given)}; its id is a UUID.") from None
