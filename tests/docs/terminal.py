"""A terminal for the sessions that the documentation shows: `manage.py crux` in this process, on the test's database.

Whenever a command waits for a list, a worker works on it, with the embedded offline model.
"""

from __future__ import annotations

import glob
import io
import re
import shlex
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace

import pytest

from tasks_app.agents import registry
from tasks_app.cli import accounts, following
from tasks_app.conf import conf
from tasks_app.crossing import run_sync
from tasks_app.llm.client import open_models
from tasks_app.management.commands.crux import Command
from tasks_app.services import claims
from tasks_app.services.claims import Claim
from tests.builders import a_worker

CRUX = ".venv/bin/python manage.py crux "
AN_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What differs from run to run: ids and keys, seconds, tokens.
_VARIES = re.compile(rf"{AN_ID.pattern}|crux_[\w-]{{43}}|[\d.]+(?= s\b)|[\d,]+(?= tokens)|(?<=\"seconds\": )[\d.]+")


def arguments(command: str, list_id: str) -> tuple[list[str], str]:
    """What a shell makes of `manage.py crux …`: the arguments, and the file that the output goes to, or nothing.

    `LIST` stands for a list's id.
    """
    words = shlex.split(command.removeprefix(CRUX), comments=True)
    words, target = (words[:-2], words[-1]) if ">" in words else (words, "")
    expanded = [path for word in words for path in (sorted(glob.glob(word)) if "*" in word else None) or [word]]
    return [list_id if word == "LIST" else word for word in expanded], target


class Terminal:
    """Runs sessions in a directory of its own; `show` compares one with what came of it."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(directory)
        monkeypatch.setattr(conf, "offline_seconds", 0)
        monkeypatch.setattr(following, "time", SimpleNamespace(sleep=self._work, monotonic=time.monotonic))
        accounts.operator()
        self._worker = a_worker()
        self._list = ""
        self._code = 0

    def play(self, session: str) -> None:
        """Type each command, and find the lines that are shown in what it says, in their order."""
        for part in session.removeprefix("$ ").split("\n$ "):
            command, _, shown = part.partition("\n")
            if command.startswith("cat "):
                file = Path(command.removeprefix("cat "))
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(shown + "\n")
                continue
            said = self._type(command)
            lines = iter(said.split("\n"))
            for line in shown.split("\n") if shown else []:
                pattern = ".*".join(map(re.escape, _VARIES.sub("~", line).split("…")))
                found = any(re.fullmatch(pattern, _VARIES.sub("~", other)) for other in lines)
                assert found, f"`{command}` does not say: {line}\nIt says:\n{said}"
            shown_code = "echo $?" in session
            assert self._code == 0 or shown_code, f"`{command}` ended with {self._code}:\n{said}"

    def _type(self, command: str) -> str:
        if command == "echo $?":
            return str(self._code)
        assert command.startswith(CRUX), f"`{command}` is no command of a session"
        words, target = arguments(command, self._list)
        output = io.StringIO()
        with redirect_stdout(output), redirect_stderr(output):
            self._code = _run(words)
        said = output.getvalue()
        if words[0] == "run" and (found := AN_ID.search(said)):
            self._list = found[0]
        if target:
            assert said, f"`{command}` writes nothing into {target}"
            Path(target).write_text(said)
        return said

    def _work(self, seconds: float) -> None:
        for claim in claims.claim(self._worker.id, 100, idle=True).claims:
            run_sync(_attempt, claim)


async def _attempt(claim: Claim) -> None:
    async with open_models() as models:
        await registry.run_attempt(claim, models)


def _run(words: list[str]) -> int:
    command = Command()
    command._called_from_command_line = True  # type: ignore[attr-defined]  # as Django marks one typed by a person
    try:
        command.handle(**vars(command.create_parser("manage.py", "crux").parse_args(words)))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0
