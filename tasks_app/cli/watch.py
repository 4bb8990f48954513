"""`crux watch LIST`: a list's progress until it has finished."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from tasks_app.cli import following, outcome

HELP = "show a batch's progress until it ends"


def add_arguments(parser: CommandParser) -> None:
    """LIST."""
    parser.add_argument("list", metavar="LIST", type=UUID, help="the batch's id, as `crux run` prints it")


def run(options: Mapping[str, Any]) -> int:
    """Follow the list; 0 if all its tasks are completed or skipped, else 1."""
    seen = following.follow(options["list"], sys.stdout)
    print(outcome.sentence(seen))
    return outcome.exit_code(seen)
