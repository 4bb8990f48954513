"""What the database of a running Crux says, read from beside it: quick enough to catch a moment."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.workers.processes import ROOT


class Records:
    """The rows of the database in `home`, of all its lists."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def tasks(self) -> Counter[str]:
        """How many tasks are in each status."""
        return Counter(status for (status,) in self.rows("SELECT status FROM tasks_app_task"))

    def attempts(self) -> list[tuple[str, str]]:
        """Each attempt's task and status."""
        return self.rows("SELECT key, a.status FROM tasks_app_attempt a JOIN tasks_app_task t ON t.id = task_id")

    def completions(self) -> Counter[str]:
        """How many completed attempts each task has that has any."""
        return Counter(key for key, status in self.attempts() if status == "completed")

    def held(self) -> int:
        """How many attempts somebody has not let go of."""
        return int(self.rows("SELECT count(*) FROM tasks_app_attempt WHERE stopped_at IS NULL")[0][0])

    def running_at(self, pids: list[int]) -> set[str]:
        """The open attempts of these worker processes."""
        rows = self.rows("SELECT id, worker_name FROM tasks_app_attempt WHERE status = 'running'")
        return {attempt for attempt, worker in rows if int(worker.rpartition(":")[2]) in pids}

    def outcomes(self, attempts: set[str]) -> Counter[str]:
        """How these attempts ended, or that they run."""
        rows = self.rows("SELECT id, status FROM tasks_app_attempt")
        return Counter(status for attempt, status in rows if attempt in attempts)

    def events(self, list_id: str) -> list[str]:
        """The kinds of a list's events, in order."""
        rows = self.rows(f"SELECT kind FROM tasks_app_event WHERE topic = 'list:{list_id}' ORDER BY seq")
        return [kind for (kind,) in rows]

    def lists(self) -> list[str]:
        """The ids of the lists, oldest first, as people and programs write them."""
        rows = self.rows("SELECT id FROM tasks_app_tasklist ORDER BY created_at")
        return [str(UUID(key)) for (key,) in rows]

    def check_books(self) -> None:
        """Each list's counters say what its rows say and its events are numbered without a hole. For quiet moments."""
        statuses = ("pending", "in_progress", "awaiting_approval", "completed", "failed", "skipped", "cancelled")
        for key, last_seq, *counters in self.rows(
            f"SELECT id, last_seq, {', '.join(statuses)} FROM tasks_app_tasklist"
        ):
            tasks = f"tasks_app_task WHERE task_list_id = '{key}' AND removed_at IS NULL"
            counted = dict(self.rows(f"SELECT status, count(*) FROM {tasks} GROUP BY status"))
            assert counted == {status: n for status, n in zip(statuses, counters, strict=True) if n}
            seqs = self.rows(f"SELECT seq FROM tasks_app_event WHERE topic = 'list:{UUID(key)}' ORDER BY seq")
            assert [seq for (seq,) in seqs] == list(range(1, last_seq + 1))
        numbers = "SELECT task_id, count(*), max(number), attempt_count FROM tasks_app_attempt a"
        for _, count, *same in self.rows(f"{numbers} JOIN tasks_app_task t ON t.id = a.task_id GROUP BY task_id"):
            assert same == [count, count]

    def rows(self, query: str) -> list[Any]:
        """What SQLite answers."""
        with closing(sqlite3.connect(self.home / "crux.sqlite3", timeout=10)) as database:
            return database.execute(query).fetchall()

    def ask(self, *words: str) -> None:
        """Have the crew do something with the database: see tests/workers/crew.py."""
        argv = [sys.executable, "-m", "tests.workers.crew", *words]
        subprocess.run(argv, cwd=ROOT, env=environment(self.home), check=True, timeout=60)


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a process needs to work on the database in `home`, and nothing of another database."""
    clean = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    return {**clean, "DJANGO_SETTINGS_MODULE": "crux_site.settings", "CRUX_HOME": str(home), **more}


def as_json_lines(text: str) -> list[dict[str, Any]]:
    """What an export printed."""
    return [json.loads(line) for line in text.splitlines()]
