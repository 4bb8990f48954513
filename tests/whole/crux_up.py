"""The real `crux up` and the command line beside it, for tests that leave nothing behind."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from tests.workers.processes import ROOT, Tree, children, until
from tests.workers.records import Records, environment

MANAGE = [sys.executable, "manage.py", "crux"]
# A dead worker's tasks are taken over after 2 s, and a model call lasts long enough to be caught in.
QUICK = {"CRUX_LEASE_SECONDS": "2", "CRUX_OFFLINE_SECONDS": "0.1"}


class CruxUp:
    """A running `crux up` on a free port."""

    def __init__(self, home: Path, *arguments: str, **env: str) -> None:
        self.records = Records(home)
        self.tree = Tree([*MANAGE, "up", "--port", "0", *arguments], home, **{**QUICK, **env})

    @cached_property
    def link(self) -> str:
        """The address it printed: with --first-run one that signs in, once."""
        until(lambda: "Crux is at " in self.output(), "the address")
        found = re.search(r"Crux is at (\S+)", self.output())
        assert found
        return found[1]

    @property
    def url(self) -> str:
        """Where the site is, without a slash at its end."""
        return "/".join(self.link.split("/")[:3])

    def wait_until_well(self) -> None:
        """Wait until the site says that all is well: the database answers, and work has workers."""
        until(self.is_well, "a healthy site")

    def is_well(self) -> bool:
        """What /healthz says now; no if nobody answers."""
        with (
            suppress(urllib.error.URLError, OSError),
            urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer,
        ):
            return bool(answer.status == 200)
        return False

    def output(self) -> str:
        """All it has printed."""
        return self.tree.output.read_text()

    @property
    def web(self) -> int:
        """The pid of the web server."""
        return self._child("web")

    @property
    def main(self) -> int:
        """The pid of the main process of the workers."""
        return self._child("cluster")

    @property
    def sentinel(self) -> int:
        """The pid of the process that keeps the workers."""
        return children(self.main)[0]

    @property
    def workers(self) -> list[int]:
        """The pids of the worker processes, of which there are two."""
        return [pid for pid in children(self.sentinel) if pid in self._at_work()]

    @property
    def aides(self) -> list[int]:
        """The pids of django-q2's monitor and pusher, oldest first: they are born in this order."""
        return [pid for pid in children(self.sentinel) if pid not in self._at_work()]

    def is_whole(self) -> bool:
        """Whether each process is there that should be: the two mains, sentinel, workers, monitor, pusher."""
        with suppress(LookupError):
            return bool(self.web) and len(self.workers) == 2 and len(children(self.sentinel)) == 4
        return False

    def stop(self) -> None:
        """Ask it to stop, and see that it does and leaves no process."""
        self.tree.process.terminate()
        assert self.tree.process.wait(30) == 0
        assert self.tree.pids() == []

    def end(self) -> None:
        """Kill whatever is left."""
        self.tree.end()

    def _child(self, word: str) -> int:
        for pid in children(self.tree.pid):
            with suppress(OSError):
                if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[2:4] == [b"crux", word.encode()]:
                    return pid
        raise LookupError(f"there is no {word} process now")

    def _at_work(self) -> set[int]:
        return {pid for (pid,) in self.records.rows("SELECT pid FROM tasks_app_worker WHERE stopped_at IS NULL")}


def crux(home: Path, *arguments: object, code: int = 0, **env: str) -> str:
    """What `manage.py crux …` prints on stdout, beside what else works on `home`; on stderr where it must fail."""
    argv = [*MANAGE, *map(str, arguments)]
    done = subprocess.run(
        argv, cwd=ROOT, env=environment(home, **env), capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == code, done.stderr
    return done.stderr if code == 2 else done.stdout
