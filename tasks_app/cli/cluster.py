"""`crux cluster`: the worker processes. `crux up` starts it; it is no verb for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from tasks_app import queue

SHIFT = "tasks_app.workers.shift.run"


def add_arguments(parser: CommandParser) -> None:
    """None: the environment says how many processes and slots, and which cluster this is."""


def run(options: Mapping[str, Any]) -> int:
    """Keep the worker processes at work until SIGTERM."""
    return queue.run_cluster(SHIFT)
