"""One command, many processes: starts them, watches them, starts them anew, and stops them all.

Each child leads a session of its own, so Ctrl-C in a terminal reaches the parent alone, and whatever a child leaves
behind is found by its session. The parent has no threads: a fork beside threads is a gamble.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from tasks_app import lifeline
from tasks_app.workers import sessions

logger = logging.getLogger(__name__)

MISUSE = 2  # exit code of a child that can never start: a taken port, a wrong argument
TICK_SECONDS = 0.05
PROGRESS_SECONDS = 1.0  # between two looks at a child's progress
QUICK_SECONDS = 10.0  # a child that lived longer is started anew at once
BACKOFF_SECONDS = 5.0  # at most, between quick deaths
PATIENCE_LIMIT_SECONDS = 160.0


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep running."""

    name: str
    """As people read it in a log line."""
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    """On top of this process's own."""
    progress: Callable[[], bool] | None = None
    """Whether it does what it is for. Asked every second, in the parent: it must be quick and may not raise."""
    patience_seconds: float = 20.0
    """How long it may show no progress after its start, or since it last did, before it is replaced."""


def supervise(children: Sequence[Child], *, stop_seconds: float = 8.0) -> int:
    """Keep `children` running until SIGINT, SIGTERM or SIGHUP; returns 0 then.

    An exit that nobody asked for, with code 0 too, is a crash: what the child left behind is killed and it is started
    anew, at once the first time, then after 0.5 s to 5 s, without end. A child whose first exit has code 2 ends all,
    and 2 is returned: it has said itself what is wrong.

    A stop signals the children's main processes alone, and kills what is left after `stop_seconds`; a second signal
    kills at once. If this process is killed, the children get SIGTERM from the kernel (Linux).
    """
    wards = [_Ward(child, stop_seconds) for child in children]
    with _caught() as signals:
        code = _watch(wards, signals)
        _stop(wards, signals, stop_seconds)
    return code


@contextmanager
def _caught() -> Iterator[list[int]]:
    """The stop signals received, in order, instead of their effect."""
    received: list[int] = []
    before = {}
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(signum) is not signal.SIG_IGN:  # nohup means it
            before[signum] = signal.signal(signum, lambda number, _frame: received.append(number))
    try:
        yield received
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def _watch(wards: Sequence[_Ward], signals: Sequence[int]) -> int:
    while not signals:
        for ward in wards:
            if ward.tend() == MISUSE:
                return MISUSE
        time.sleep(TICK_SECONDS)
    return 0


def _stop(wards: Sequence[_Ward], signals: Sequence[int], stop_seconds: float) -> None:
    deadline = time.monotonic() + stop_seconds
    for ward in wards:
        ward.ask_to_stop()
    while any(ward.lives() for ward in wards) and time.monotonic() < deadline and len(signals) < 2:
        time.sleep(TICK_SECONDS)
    for ward in wards:
        if ward.lives():
            logger.warning("%s: did not stop in time; killed.", ward.child.name)
        ward.bury()


class _Ward:
    """One child over all its lives."""

    def __init__(self, child: Child, stop_seconds: float) -> None:
        self.child = child
        self._stop_seconds = stop_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._lives = 0  # started so far
        self._quick_deaths = 0  # in a row
        self._born = 0.0  # time.monotonic(), as all below
        self._next_start = 0.0
        self._kill_at: float | None = None  # it was asked to stop for want of progress
        self._patience = child.patience_seconds
        self._progressed = 0.0
        self._next_look = 0.0

    def tend(self) -> int | None:
        """Do what is due: start it, replace it, look at its progress. Returns MISUSE if it can never start."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._next_start:
                self._start(now)
            return None
        code = self._process.poll()
        if code is None:
            self._look(now)
            return None
        self.bury()
        if code == MISUSE and self._lives == 1:
            return MISUSE
        self._wait_for_next(now, f"ended ({_cause(code)})")
        return None

    def lives(self) -> bool:
        """Whether its main process runs."""
        return self._process is not None and self._process.poll() is None

    def ask_to_stop(self) -> None:
        """SIGTERM to the main process alone: its own children are its own business."""
        if self._process is not None:
            self._process.terminate()

    def bury(self) -> None:
        """Kill what is left of its session, which may outlive its main process."""
        if self._process is None:
            return
        if left := sessions.kill(self._process.pid):
            logger.error("%s: processes %s cannot be killed.", self.child.name, left)
        self._process.wait()
        self._process = None
        self._kill_at = None

    def _start(self, now: float) -> None:
        self._lives += 1
        self._born = self._progressed = now
        try:
            self._process = subprocess.Popen(
                self.child.argv,
                env={**os.environ, **self.child.env},
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=partial(lifeline.end_with, os.getpid(), signal.SIGTERM),  # noqa: PLW1509 – no threads here
            )
        except OSError as error:
            self._wait_for_next(now, f"cannot be started ({error})")

    def _wait_for_next(self, now: float, what: str) -> None:
        self._quick_deaths = self._quick_deaths + 1 if now - self._born < QUICK_SECONDS else 0
        wait = min(BACKOFF_SECONDS, 2.0 ** (self._quick_deaths - 3)) if self._quick_deaths > 1 else 0.0
        self._next_start = now + wait
        when = f"in {wait:g} s" if wait else "at once"
        logger.warning("%s: %s; starting it anew %s.", self.child.name, what, when)

    def _look(self, now: float) -> None:
        """Replace a process that lives and does nothing. Asked first: what still works may hand back its tasks."""
        if self._kill_at is not None:
            if now >= self._kill_at:
                self.bury()
                self._wait_for_next(now, "killed")
            return
        if self.child.progress is None or now < self._next_look:
            return
        self._next_look = now + PROGRESS_SECONDS
        if self.child.progress():
            self._progressed, self._patience = now, self.child.patience_seconds
        elif now - self._progressed > self._patience:
            logger.warning("%s: no progress for %.0f s; stopping it.", self.child.name, now - self._progressed)
            self._patience = min(2 * self._patience, PATIENCE_LIMIT_SECONDS)  # or a slow start would never end
            self._kill_at = now + self._stop_seconds
            self.ask_to_stop()


def _cause(code: int) -> str:
    """An exit code as people say it: subprocess gives a signal as a negative number."""
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
