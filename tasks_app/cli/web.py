"""`crux web`: the web server. `crux up` starts it; it is no verb for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils.module_loading import import_string

SERVE = "tasks_app.web.server.serve"  # by its name: the doors know nothing of one another


def add_arguments(parser: CommandParser) -> None:
    """--host --port."""
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)


def run(options: Mapping[str, Any]) -> int:
    """Serve the site until SIGTERM."""
    import_string(SERVE)(options["host"], options["port"])
    return 0
