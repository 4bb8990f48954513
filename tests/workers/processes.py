"""Real processes for tests: start a tree, look at it, wait for it, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 40.0  # far more than it takes: a bound, not a measure


def until(true: Callable[[], object], what: str, seconds: float = WAIT_SECONDS) -> None:
    """Wait until `true()`; fail with `what` if that does not come."""
    deadline = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        if true():
            return
        now = time.monotonic()
        assert now < deadline, f"{what} did not happen within {seconds:g} s"
        time.sleep(max(0.02, 4 * (now - began)))  # looking must not slow down what is looked at


def running(pid: int) -> bool:
    """Whether `pid` is a process, and no zombie."""
    return _stat(pid) is not None


def parent(pid: int) -> int | None:
    stat = _stat(pid)
    return int(stat[1]) if stat else None


def children(pid: int) -> list[int]:
    """The processes `pid` started, oldest first."""
    return sorted(other for other in _pids() if parent(other) == pid)


class Tree:
    """A process and all that comes of it, known by a mark in their environment."""

    def __init__(self, argv: list[str], home: Path, **env: str) -> None:
        self.mark = f"crux-test-{uuid.uuid4().hex}"
        self.log = home / "scratch.log"
        self.output = home / "output.log"
        clean = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                argv,
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={
                    **clean,
                    "DJANGO_SETTINGS_MODULE": "crux_site.settings",
                    "CRUX_HOME": str(home),
                    "CRUX_CLUSTER": self.mark,
                    "CRUX_TEST_MARK": self.mark,  # stays where `crux up` names a cluster of its own
                    "SCRATCH_LOG": str(self.log),
                    **env,
                },
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def pids(self) -> list[int]:
        """All processes that carry the mark and run."""
        return [pid for pid in _pids() if self.mark.encode() in _environ(pid) and running(pid)]

    def words(self, word: str) -> list[int]:
        """The pids that wrote `word` into the scratch log, in order."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [int(line.split()[1]) for line in lines if line.split()[0] == word]

    def shifts(self) -> list[int]:
        """The processes that are at a shift now."""
        return [pid for pid in self.words("shift") if running(pid) and pid not in self.words("recycled")]

    def end(self) -> None:
        """Kill whatever is left."""
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()


def scratch(word: str, home: Path, **env: str) -> Tree:
    """The scratch tree's `word`, started."""
    return Tree([sys.executable, "-m", "tests.workers.scratch", word], home, **env)


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _stat(pid: int) -> list[str] | None:
    """State, parent, group, session…; None for what is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields


def _environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""
