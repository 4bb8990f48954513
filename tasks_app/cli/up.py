"""`crux up`: the site and the workers, with one command; Ctrl-C stops them all."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import connections

from tasks_app.cli import address, database, first_run
from tasks_app.conf import PREFIX, conf, load
from tasks_app.queue import STOP_SECONDS
from tasks_app.workers.progress import Progress, patience_seconds
from tasks_app.workers.supervise import MISUSE, Child, supervise

HELP = "start the site and the workers"


def add_arguments(parser: CommandParser) -> None:
    """[--port --workers --concurrency --no-web --no-workers --first-run], and --host."""
    port, about_port = address.DEFAULT_PORT, f"0 takes any free one (default {address.DEFAULT_PORT})"
    parser.add_argument("--port", type=address.port_number, default=port, help=about_port)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1: loopback)")
    parser.add_argument("--workers", type=_setting("workers"), metavar="N", help="worker processes")
    parser.add_argument("--concurrency", type=_setting("worker_concurrency"), metavar="N", help="slots a process")
    parser.add_argument("--no-web", action="store_true", help="workers alone, as on the other hosts of a fleet")
    parser.add_argument("--no-workers", action="store_true", help="the site alone")
    parser.add_argument(
        "--first-run", action="store_true", help="on a new database make an account and a first batch; print a link"
    )


def run(options: Mapping[str, Any]) -> int:
    """Prepare the database and keep the site and the workers running until Ctrl-C or SIGTERM.

    Returns:
        0 after a stop, 2 if it cannot be started as asked.
    """
    web, work = not options["no_web"], not options["no_workers"]
    if not (web or work):
        raise CommandError("--no-web and --no-workers leave nothing to start.", returncode=MISUSE)
    port = address.free_port(options["host"], options["port"]) if web else 0
    base = address.url(options["host"], port)
    with database.prepared():
        link = first_run.prepare(base) if options["first_run"] else ""
    connections.close_all()  # the children have their own
    children = []
    if web:
        address.remember(base)
        children.append(_web(options["host"], port, f"Crux is at {link or base + '/'}"))
    if work:
        workers, slots = options["workers"] or conf.workers, options["concurrency"] or conf.worker_concurrency
        children.append(
            _workers(workers, slots, "" if web else f"Crux works: {workers} × {slots} slots. Ctrl-C stops.")
        )
    return supervise(children, stop_seconds=conf.drain_seconds + STOP_SECONDS + 0.5)


def _web(host: str, port: int, words: str) -> Child:
    argv = [*_crux(), "web", "--host", host, "--port", str(port)]
    return Child("web", argv, progress=_Announced(lambda: address.answers(host, port), words))


def _workers(workers: int, slots: int, words: str) -> Child:
    cluster = f"crux-{socket.gethostname()[:60]}-{os.getpid()}"
    env = {"CRUX_CLUSTER": cluster, "CRUX_WORKERS": str(workers), "CRUX_WORKER_CONCURRENCY": str(slots)}
    progress = _Announced(Progress(cluster, expected=workers), words)
    return Child("workers", [*_crux(), "cluster"], env, progress, patience_seconds())


def _crux() -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), "crux"]


class _Announced:
    """A child's progress, and words to print when there is some for the first time."""

    def __init__(self, progress: Callable[[], bool], words: str) -> None:
        self._progress = progress
        self._words = words

    def __call__(self) -> bool:
        good = self._progress()
        if good and self._words:
            with suppress(OSError):  # nobody reads: no reason to stop
                print(self._words, flush=True)
            self._words = ""
        return good


def _setting(name: str) -> Callable[[str], int]:
    """What argparse reads a number with, that is the setting of this name and has its bounds."""

    def read(text: str) -> int:
        given, problems = load({PREFIX + name.upper(): text})
        if problems or not text:
            raise argparse.ArgumentTypeError(problems[0] if problems else "a number is missing")
        return int(getattr(given, name))

    return read
