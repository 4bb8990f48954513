"""Following a list to its end: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TextIO
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tasks_app.cli import outcome
from tasks_app.models import TaskListSnapshot
from tasks_app.rules.statuses import FINAL
from tasks_app.services import task_lists, workers

POLL_SECONDS = 0.2  # between two looks, each one query by primary key
LINE_SECONDS = 1.0  # between two lines, so that a log stays readable
TITLE_CHARS = 40


def follow(list_id: UUID, stream: TextIO) -> TaskListSnapshot:
    """Show the list's progress on `stream` until it has finished; an empty list is over at once.

    Raises:
        TaskListNotFound.
    """
    seen = task_lists.get(list_id)
    with _Bar(seen, stream) if stream.isatty() else _Lines(stream) as view:
        while not _is_over(seen):
            view.show(seen)
            time.sleep(POLL_SECONDS)
            seen = task_lists.get(list_id)
        view.show(seen, last=True)
    return seen


def warn_without_workers() -> None:
    """Where no worker is alive, name the command that starts some, on stderr. One query."""
    if not workers.any_alive():
        sys.stderr.write("No worker is alive, so nothing runs yet; `manage.py crux up` starts some.\n")


def _is_over(seen: TaskListSnapshot) -> bool:
    return seen.finished or seen.total + seen.removed == 0


class _View(AbstractContextManager["_View"]):
    """Something that shows a list as it changes."""

    def show(self, seen: TaskListSnapshot, *, last: bool = False) -> None:
        """Show the list as it stands now."""
        raise NotImplementedError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is left to do."""


class _Lines(_View):
    """A line for each change, at most one a second, and the last."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._line = ""
        self._at = float("-inf")

    def show(self, seen: TaskListSnapshot, *, last: bool = False) -> None:
        line, now = outcome.progress(seen), time.monotonic()
        if line != self._line and (last or now - self._at >= LINE_SECONDS):
            self._stream.write(line + "\n")
            self._stream.flush()
            self._line, self._at = line, now


class _Bar(_View):
    """A bar that fills as tasks end."""

    def __init__(self, seen: TaskListSnapshot, stream: TextIO) -> None:
        # A title is text, not rich's markup, or one like "[/x]" would end the program.
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[line]}", markup=False),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=Console(file=stream))
        title = seen.title if len(seen.title) <= TITLE_CHARS else seen.title[: TITLE_CHARS - 1] + "…"
        self._bar = self._progress.add_task(title, total=None, line="")

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, seen: TaskListSnapshot, *, last: bool = False) -> None:
        ended = sum(seen.counts[status] for status in FINAL)
        self._progress.update(self._bar, total=seen.total, completed=ended, line=outcome.progress(seen))
