"""The processes of a session: what a child forked, forked again and left behind. Elsewhere than Linux, its group."""

import os
import signal
import time
from pathlib import Path

GONE_SECONDS = 2.0  # a killed process is gone in milliseconds, unless the kernel waits for a disk
POLL_SECONDS = 0.01
PROC = Path("/proc")


def members(session: int) -> list[int]:
    """The pids of the processes of `session` that run; zombies do not."""
    return [pid for pid in _pids() if _session_of(pid) == session]


def kill(session: int) -> list[int]:
    """SIGKILL all processes of `session` and wait, up to 2 s, until they are gone; returns those that are not."""
    deadline = time.monotonic() + GONE_SECONDS
    _kill_group(session)
    while (left := members(session)) and time.monotonic() < deadline:
        for pid in left:  # one that changed its group, or was forked meanwhile
            _kill(pid)
        time.sleep(POLL_SECONDS)
    return left


def _pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()] if PROC.is_dir() else []


def _session_of(pid: int) -> int | None:
    """None if it is gone, or a zombie."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # "pid (name) state ppid pgrp session …"; the name may hold spaces and brackets
    state, _ppid, _group, session = stat.rpartition(")")[2].split()[:4]
    return None if state in "ZX" else int(session)


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
        return


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
