"""`crux run AGENT FILES…`: a batch from files, started; the workers of `crux up` do the work."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.core.management.base import CommandParser

from tasks_app.agents import registry
from tasks_app.cli import accounts, following, outcome
from tasks_app.conf import conf
from tasks_app.errors import BatchRefused
from tasks_app.models import TaskListSnapshot
from tasks_app.rules.actors import Actor
from tasks_app.rules.batch_files import check_size
from tasks_app.services import batches

HELP = "start an agent on files: a task a text file, or a line of .jsonl, or a row of .csv"
ACTOR = Actor("program", "crux run")


def add_arguments(parser: CommandParser) -> None:
    """AGENT FILES… [--concurrency N] [--title T] [--wait] [--json]."""
    parser.add_argument("agent", metavar="AGENT", help="who works on each task, e.g. summarizer")
    parser.add_argument("files", metavar="FILE", nargs="+", help="UTF-8 text, .jsonl or .csv")
    parser.add_argument("--concurrency", type=int, metavar="N", help="tasks of this batch at once")
    parser.add_argument("--title", metavar="T", help="the batch's name on the board")
    parser.add_argument("--wait", action="store_true", help="show the progress, and end when the batch does")
    parser.add_argument("--json", action="store_true", help="print one JSON object: list, status, counts, seconds")


def run(options: Mapping[str, Any]) -> int:
    """Start the batch and print its id; with --wait, watch it to its end.

    Returns:
        0; with --wait 1 if a task ended otherwise than completed or skipped, 130 after Ctrl-C, when the batch goes on.
    """
    made = batches.start(
        _title(options),
        batches.read_all(_contents(options["files"])),
        agent=options["agent"],
        known_agents=registry.names(),
        concurrency=options["concurrency"],
        created_by=accounts.usual(),
        actor=ACTOR,
    )
    if not options["json"]:
        print(made.id, flush=True)
    following.warn_without_workers()
    if not options["wait"]:
        return _report(made, 0) if options["json"] else 0
    try:
        seen = following.follow(made.id, sys.stderr)
    except KeyboardInterrupt:
        sys.stderr.write(f"\nThe batch goes on; `manage.py crux watch {made.id}` shows it.\n")
        return 130
    if options["json"]:
        return _report(seen, outcome.exit_code(seen))
    print(outcome.sentence(seen))
    return outcome.exit_code(seen)


def _report(seen: TaskListSnapshot, code: int) -> int:
    print(json.dumps(outcome.report(seen)))
    return code


def _title(options: Mapping[str, Any]) -> str:
    if options["title"] is not None:
        return str(options["title"])
    files = options["files"]
    return f"{options['agent']}: {os.path.basename(files[0]) if len(files) == 1 else f'{len(files):,} files'}"


def _contents(paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Each path with what is in it; one that is too large is not read."""
    for path in paths:
        try:
            with open(path, "rb") as file:
                check_size(path, os.fstat(file.fileno()).st_size)
                yield path, file.read(conf.max_batch_bytes + 1)
        except OSError as error:
            raise BatchRefused(f"{path}: it cannot be read: {error.strerror}.") from None
