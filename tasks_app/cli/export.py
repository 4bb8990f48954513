"""`crux export LIST`: a list's tasks with their results, on stdout."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from tasks_app.services import exports

HELP = "print a batch's tasks with their results"
FORMATS = {"jsonl": exports.jsonl, "csv": exports.csv}


def add_arguments(parser: CommandParser) -> None:
    """LIST [--format jsonl|csv]."""
    parser.add_argument("list", metavar="LIST", type=UUID, help="the batch's id")
    parser.add_argument("--format", choices=FORMATS, default="jsonl", help="JSON lines (the default) or CSV")


def run(options: Mapping[str, Any]) -> int:
    """Print the list's tasks as UTF-8, whatever the locale says; `services.exports` says what a row holds."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    for chunk in FORMATS[options["format"]](options["list"]):
        sys.stdout.write(chunk)
    sys.stdout.flush()
    return 0
