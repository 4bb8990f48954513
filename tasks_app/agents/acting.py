"""Who acts here, for whom, and how what Crux refuses is told to a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from pydantic import ValidationError

from tasks_app.agents.schemas import as_text, explain
from tasks_app.agents.scope import scope
from tasks_app.agents.tools import Tool
from tasks_app.errors import AttemptLost, CruxError, IllegalTransition
from tasks_app.rules.actors import Actor
from tasks_app.rules.values import clean_text
from tasks_app.services import task_lists

__all__ = ["Creator", "actor", "answering", "creator"]

Creator = User | AnonymousUser | None
"""Whom something is made for: `request.user` as it is. Nobody and an anonymous user come to the same."""

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
    """
    here = scope()
    if given is None:
        return task_lists.creator_of(here.attempt.list_id) if here is not None else None
    return given if isinstance(given, User) else None


def answering(made: Tool) -> Tool:
    """The tool such that what Crux refuses is what it answers: `{ok: false, error}`, and where a task stands if known.

    What it raises then is an error in its code, or AttemptLost, after which nobody listens.
    """

    async def execute(arguments: dict[str, Any]) -> str:
        try:
            said = made.execute(arguments)
            return said if isinstance(said, str) else await said
        except AttemptLost:
            raise
        except ValidationError as error:
            return as_text({"ok": False, "error": explain(error)})
        except IllegalTransition as error:
            ways = [str(status) for status in error.allowed]
            return as_text({"ok": False, "error": str(error), "status": str(error.status), "allowed": ways})
        except CruxError as error:
            return as_text({"ok": False, "error": str(error)})

    return made.replace(execute=execute)


def _program() -> str:
    path = Path(sys.argv[0] if sys.argv else "")
    name = path.parent.name if path.name == "__main__.py" else path.name  # python -m package
    return clean_text(name, max_chars=MAX_NAME_CHARS) if name not in ("", "-c", "-m") else "python"
