"""Who acts here: the actor named on events."""

from __future__ import annotations

import sys
from pathlib import Path

from tasks_app.agents.scope import scope
from tasks_app.rules.actors import Actor
from tasks_app.rules.values import clean_text

__all__ = ["actor"]

MAX_NAME_CHARS = 100  # as an agent's


def actor() -> Actor:
    """Who acts here: in an attempt its agent, elsewhere the program that runs."""
    here = scope()
    if here is not None and here.attempt.task.agent:
        return Actor("agent", here.attempt.task.agent)
    return Actor("program", _program())


def _program() -> str:
    path = Path(sys.argv[0] if sys.argv else "")
    name = path.parent.name if path.name == "__main__.py" else path.name  # python -m package
    return clean_text(name, max_chars=MAX_NAME_CHARS) if name not in ("", "-c", "-m") else "python"
