"""Whatever the documentation shows is done here, and comes out as shown."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import get_commands

from tasks_app.conf import Conf, load
from tasks_app.crossing import run_sync
from tasks_app.management.commands.crux import Command
from tasks_app.rules.events import KINDS
from tasks_app.rules.statuses import TaskStatus
from tasks_app.services import exports
from tests.docs.pages import ROOT, Block, Page, pages
from tests.docs.terminal import CRUX, Terminal, arguments

PAGES = pages()
LANGUAGES = {"python", "console", "sh", "json", "text"}
ANYBODYS = {"git", "cd", "mkdir", "touch"}  # commands that are not ours
VARIABLES = {"OPENAI_BASE_URL", "OPENAI_API_KEY"} | {f"CRUX_{name.upper()}" for name in Conf.model_fields}
SHAPES: list[set[str]] = [  # the keys of the objects that programs get and send
    {"topic", "seq", "kind", "task", "at", "actor", "data"},
    {"topic", "kind", "as_of_seq", "data"},
    {"ack"},
    {"list", "status", "counts", "seconds"},
    set(exports.COLUMNS),
    {"ok", "workers"},
    {"ok", "reason"},
]


def blocks(language: str) -> list[Any]:
    return [
        pytest.param(block, id=f"{page.name}:{block.line}")
        for page in PAGES
        for block in page.blocks
        if block.language == language
    ]


def test_every_block_says_what_it_is() -> None:
    assert len(PAGES) > 15
    for page in PAGES:
        assert {block.language for block in page.blocks} <= LANGUAGES, page.name


@pytest.mark.django_db
@pytest.mark.parametrize("page", [page for page in PAGES if page.blocks], ids=lambda page: page.name)
def test_a_page_does_what_it_shows(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its Python and its sessions, from the top to the bottom."""
    terminal = Terminal(tmp_path, monkeypatch)
    names: dict[str, Any] = {"__name__": "page"}
    for block in page.blocks:
        if block.language == "python":
            _execute(page, block, names)
        elif block.language == "console":
            terminal.play(block.text)


def _execute(page: Page, block: Block, names: dict[str, Any]) -> None:
    exec(compile("\n" * block.line + block.text, page.name, "exec", dont_inherit=True), names)
    for name in re.findall(r"^(?:async )?def (test_\w+)", block.text, re.M):
        test = names[name]
        if inspect.iscoroutinefunction(test):
            run_sync(test)
        else:
            test()


@pytest.mark.parametrize("block", blocks("sh"))
def test_what_is_to_be_typed_exists(block: Block) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for line in block.text.split("\n"):
        for command in line.split("&&"):
            words = shlex.split(command, comments=True)
            if not words or words[0] in ANYBODYS:
                continue
            if words[0] == "make":
                assert words[1] in targets, line
            elif words[0] == "export":
                name, _, value = words[1].partition("=")
                assert name in VARIABLES, line
                assert load({name: value})[1] == [], line
            elif command.strip().startswith(CRUX):
                Command().create_parser("manage.py", "crux").parse_args(arguments(command.strip(), str(uuid4()))[0])
            else:
                assert words[:2] == [".venv/bin/python", "manage.py"], line
                assert words[2] in get_commands(), line


@pytest.mark.parametrize("block", blocks("json"))
def test_json_has_the_shape_of_its_contract(block: Block) -> None:
    counts: list[set[str]] = []

    def look(found: dict[str, Any]) -> dict[str, Any]:
        counts.extend([set(found["counts"])] if "counts" in found else [])
        return found

    for line in block.text.split("\n"):
        value = json.loads(line, object_hook=look)
        assert set(value) in SHAPES, line
        assert value.get("kind", "snapshot") in KINDS | {"snapshot"}
    assert all(names - {"total"} == set(TaskStatus) for names in counts)
