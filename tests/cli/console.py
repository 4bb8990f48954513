"""The command line in this process: what a verb prints and its exit code, on the test's own database."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tasks_app.management.commands.crux import Command


@dataclass(frozen=True)
class Answer:
    """What came back."""

    code: int
    out: str
    err: str


class Console:
    """Takes `manage.py crux`'s arguments."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Answer:
        # As manage.py does it, except that the connection, in which the test's transaction is, stays open.
        command = Command()
        command._called_from_command_line = True  # type: ignore[attr-defined]
        self._capsys.readouterr()
        code = 0
        try:
            options = command.create_parser("manage.py", "crux").parse_args([str(argument) for argument in arguments])
            command.handle(**vars(options))
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        out, err = self._capsys.readouterr()
        return Answer(code, out, err)
