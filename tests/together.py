"""Races for tests: several verbs at the same moment, each on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from tasks_app.errors import CruxError


def together(*verbs: Callable[[], Any]) -> list[Any]:
    """Call the verbs at the same moment; results or refusals, in order."""
    barrier = Barrier(len(verbs))

    def run(verb: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait(10)
            return verb()
        except CruxError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(verbs)) as threads:
        return list(threads.map(run, verbs))
