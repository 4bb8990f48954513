"""What a task's page shows, frozen: the task, its attempts with their transcripts, its events. As snapshots.py says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from tasks_app.web.snapshots import KINDS


@dataclass(frozen=True, slots=True)
class Turn:
    """A step of a transcript. A tool call and its answer are one turn of kind `tool`: `text` is the answer."""

    kind: Literal["system", "user", "assistant", "tool"]
    text: str
    name: str = ""  # tool: its name
    arguments: str = ""  # tool: as the model wrote them, JSON if it could
    refused: bool = False  # tool: the answer is an error
    model: str = ""
    tokens: int = 0
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """A try at a task, with its transcript if it is shown."""

    number: int
    status: str
    worker: str
    started_at: datetime
    ended_at: datetime | None
    seconds: float | None
    error: str = ""
    model: str = ""
    calls: int = 0
    tokens: int = 0
    cost: Decimal | None = None
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event in words: `what` happened, `who` did it, when."""

    seq: int
    type: str
    what: str
    who: str
    at: datetime
    kind: str = ""  # the shape and colour of the status it led to


@dataclass(frozen=True, slots=True)
class TaskLink:
    """Another task of the list, named."""

    key: str
    label: str
    url: str
    status: str


@dataclass(frozen=True, slots=True)
class TaskPage:
    """A task: what happened, what it is doing, why, what next. `attempts` oldest first."""

    list_id: UUID
    list_title: str
    list_url: str
    key: str
    pk: int
    url: str
    label: str
    status: str
    sentence: str  # `Running · attempt 2 of 3 · held by worker-3, renewed 4 s ago`, without the status word
    seq: int
    description: str = ""
    agent: str = ""
    model: str = ""
    progress: str = ""
    why: str = ""  # waiting: the one reason, with its remedy
    error: str = ""
    has_result: bool = False
    result: Any = None
    input: Any = None
    depends_on: tuple[TaskLink, ...] = ()
    attempts: tuple[AttemptRow, ...] = ()
    events: tuple[EventRow, ...] = ()
    more_events: int = 0
    since: datetime | None = None
    seconds: float | None = None
    tokens: int = 0
    cost: Decimal | None = None
    can_retry: bool = False
    can_cancel: bool = False
    cancelling: bool = False

    @property
    def kind(self) -> str:
        """Shape and colour of its status."""
        return KINDS[self.status][0]

    @property
    def word(self) -> str:
        """Its status, for people."""
        return "Cancelling…" if self.cancelling else KINDS[self.status][1]
