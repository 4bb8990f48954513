"""`crux link`: another one-time sign-in link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from tasks_app.cli import accounts, address
from tasks_app.services import access

HELP = "print a link that signs you in once"


def add_arguments(parser: CommandParser) -> None:
    """[--user USER] [--url URL]."""
    parser.add_argument("--user", metavar="USER", help="whom it signs in; by default the operator, or the only account")
    parser.add_argument(
        "--url", metavar="URL", help="where the site is; by default as the last `crux up` here served it"
    )


def run(options: Mapping[str, Any]) -> int:
    """Make a link, good once for CRUX_LINK_MINUTES, and print it."""
    user = accounts.named(options["user"])
    print(address.sign_in(options["url"] or address.last(), access.create_link(user)))
    return 0
