"""`crux token NAME`: a key for a program, shown once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from tasks_app.cli import accounts
from tasks_app.services import access

HELP = "print a new token, with which a program reads what its owner reads"


def add_arguments(parser: CommandParser) -> None:
    """NAME [--user USER]."""
    parser.add_argument("name", metavar="NAME", help="what it is for, as people will read it")
    parser.add_argument("--user", metavar="USER", help="its owner; by default the operator, or the only account")


def run(options: Mapping[str, Any]) -> int:
    """Make a token and print it; it is stored as a digest, so this is the only time."""
    print(access.create_token(accounts.named(options["user"]), options["name"]))
    return 0
