"""What the pages show, frozen: a part of a page is a function of one of these and a role, and of nothing else.

No rows are read here. Whoever fills these bounds what they hold (a window of cards, a page of events).
Times are aware datetimes, durations seconds, costs US dollars. Text may come from a model: templates escape it.
Here are boards and the index; a task's page has its own in `task_snapshots`, forms have theirs in `forms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

Role = Literal["operator", "viewer"]  # an operator sees buttons

KINDS: Mapping[str, tuple[str, str]] = {  # status → its kind (shape and colour), its word
    "pending": ("todo", "To do"),
    "in_progress": ("running", "Running"),
    "running": ("running", "Running"),
    "awaiting_approval": ("waiting", "Needs you"),
    "completed": ("done", "Done"),
    "failed": ("failed", "Failed"),
    "skipped": ("skipped", "Skipped"),
    "cancelled": ("cancelled", "Cancelled"),
    "discarded": ("cancelled", "Discarded"),
    "abandoned": ("abandoned", "Abandoned"),
    "released": ("skipped", "Handed back"),
}


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame of every page: the foot line and what the engine runs on."""

    workers: int
    running: int  # slots in use, of all live workers
    slots: int
    offline: bool  # the embedded offline model answers: no AI


@dataclass(frozen=True, slots=True)
class Card:
    """A task on a board. `line` is its progress, headline, error or why it waits; `dom_id` is `task-<pk>`."""

    key: str
    pk: int
    dom_id: str
    url: str
    label: str
    agent: str
    status: str
    column: str
    attempt: int
    max_attempts: int
    line: str
    since: datetime | None  # running: when the attempt started; waiting: since when
    seconds: float | None  # done, failed: how long it took; running: how long so far
    waits_for: int  # dependencies not yet satisfied
    cancelling: bool  # cancelled, and its worker has not let go yet
    seq: int
    list_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a board: a window on its first cards. `more` are the tasks beyond it."""

    name: str
    title: str
    icon: str
    count: int
    limit: int | None  # running: how many at once
    cards: tuple[Card, ...]
    more: int
    list_id: UUID | None = None
    next_url: str = ""  # the column's own page: the page after this one

    @property
    def folded(self) -> bool:
        """Whether a board shows it as a link with its count only."""
        return self.name in ("skipped", "cancelled")


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a progress bar, in per cent of its width."""

    kind: str
    count: int
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Head:
    """A list above its board. `counts` has an entry a task status; `kind` is its shape and colour."""

    id: UUID
    url: str
    title: str
    status: str
    status_word: str
    kind: str
    counts: Mapping[str, int]
    total: int
    done: int
    started: bool
    pauses: tuple[str, ...]
    discarded: bool
    finished: bool
    tokens: int
    cost: Decimal | None
    per_minute: float | None
    eta_seconds: float | None
    concurrency: int
    seq: int
    agent: str = ""
    seconds: float | None = None  # finished: how long the list took
    notice: str = ""  # why nothing moves, in a sentence: no worker, paused, discarded
    remedy: str = ""  # the command that mends it

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The progress bar."""
        return segments(self.counts, self.total)


@dataclass(frozen=True, slots=True)
class Board:
    """A list with its columns: To do, Running, Needs you, Done, Failed; Skipped and Cancelled last."""

    head: Head
    columns: tuple[Column, ...]
    show: str = ""  # the column a narrow screen opens with; empty: the first that matters

    @property
    def shown(self) -> str:
        """Name of the column a narrow screen opens with."""
        if self.show:
            return self.show
        filled = {column.name for column in self.columns if column.count}
        return next((name for name in ("running", "waiting", "failed", "todo", "done") if name in filled), "todo")


@dataclass(frozen=True, slots=True)
class ListRow:
    """A list in the index."""

    id: UUID
    url: str
    title: str
    kind: str
    status_word: str
    counts: Mapping[str, int]
    total: int
    done: int
    created_at: datetime
    finished: bool
    agent: str = ""
    tokens: int = 0
    cost: Decimal | None = None
    seconds: float | None = None

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The progress bar."""
        return segments(self.counts, self.total)

    @property
    def failed(self) -> int:
        """How many tasks failed."""
        return self.counts.get("failed", 0)


def segments(counts: Mapping[str, int], total: int) -> tuple[Segment, ...]:
    """The pieces of a progress bar in the order done, failed, set aside, waiting, running; the rest is to do.

    A piece that is not empty is never thinner than one per cent: one failure among 5,000 must be seen.
    """
    shares = [
        ("done", counts.get("completed", 0)),
        ("failed", counts.get("failed", 0)),
        ("skipped", counts.get("skipped", 0) + counts.get("cancelled", 0)),
        ("waiting", counts.get("awaiting_approval", 0)),
        ("running", counts.get("in_progress", 0)),
        ("todo", counts.get("pending", 0)),
    ]
    counted = sum(count for _, count in shares)
    if not counted:
        return ()
    total = max(total, counted)
    widths = [(kind, count, max(100 * count / total, 1.0)) for kind, count in shares if count]
    scale = 100 / sum(width for *_, width in widths)
    pieces, left = [], 0.0
    for kind, count, width in widths:
        pieces.append(Segment(kind, count, round(left, 2), round(width * scale, 2)))
        left += width * scale
    return tuple(pieces)
