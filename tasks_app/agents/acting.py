"""Who acts here, and for whom: the actor named on events, the creator who sees what is made."""

from __future__ import annotations

import sys
from pathlib import Path

from django.contrib.auth.models import AnonymousUser, User

from tasks_app.agents.scope import scope
from tasks_app.errors import ValueRefused
from tasks_app.rules.actors import Actor
from tasks_app.rules.given import shown
from tasks_app.rules.values import clean_text
from tasks_app.services import task_lists

__all__ = ["Creator", "actor", "creator"]

Creator = User | AnonymousUser | None
"""Whom something is made for: `request.user` as it is, be it an anonymous one."""

MAX_NAME_CHARS = 100  # as an agent's


def actor() -> Actor:
    """Who acts here: in an attempt its agent, elsewhere the program that runs."""
    here = scope()
    if here is not None and here.attempt.task.agent:
        return Actor("agent", here.attempt.task.agent)
    return Actor("program", _program())


def creator(given: Creator) -> User | None:
    """Whom what is made here belongs to: who is given, else, in an attempt, whoever its task list belongs to.

    So what an agent makes is seen by those who see its batch. To be called beside the database: one query in an
    attempt, and one more where `request.user` was not looked at yet.

    Raises:
        ValueRefused: it is no user.
    """
    here = scope()
    if given is None:
        return task_lists.creator_of(here.attempt.list_id) if here is not None else None
    if not isinstance(given, User | AnonymousUser):
        raise ValueRefused(f"created_by is a user, not {shown(given)}.")
    return given if isinstance(given, User) else None


def _program() -> str:
    path = Path(sys.argv[0] if sys.argv else "")
    name = path.parent.name if path.name == "__main__.py" else path.name  # python -m package
    return clean_text(name, max_chars=MAX_NAME_CHARS) if name not in ("", "-c", "-m") else "python"
