"""Short words for tests of handles and their tools."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from tasks_app.agents.list_handle import TaskListHandle
from tasks_app.agents.tools import Tool
from tasks_app.crossing import in_db
from tasks_app.services.tasks import NewTask
from tests.builders import a_list

NOBODYS = UUID("01890000-0000-7000-8000-000000000000")
"""An id that no row has."""


class HasTools(Protocol):
    """A handle, or a plan or a list in an agent's hands."""

    def as_tools(self) -> dict[str, Tool]:
        """Its tools by name."""
        ...


async def a_handle(*new: NewTask | str, started: bool = True) -> TaskListHandle:
    """A handle of a list with these tasks."""
    made = await in_db(partial(a_list, *new, started=started))
    return TaskListHandle(made.id)


async def use(owner: HasTools, tool: str, **arguments: Any) -> dict[str, Any]:
    """What one of its tools answers."""
    said: Any = owner.as_tools()[tool].execute(arguments)
    answer: dict[str, Any] = json.loads(await said)
    return answer
