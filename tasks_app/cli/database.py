"""The database made ready before any process works on it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection

MISUSE = 2
LOCK = 0x63727578  # "crux"; an arbitrary number that all hosts of a fleet take on PostgreSQL


@contextmanager
def prepared() -> Iterator[None]:
    """Migrate the database, and hold off every other `crux up` on it until the block ends.

    The connection that migrates also turns SQLite's write-ahead log on, before children open the file.

    Raises:
        CommandError: the database cannot be used; in one line, exit code 2.
    """
    with _alone():
        try:
            call_command("migrate", verbosity=0, interactive=False)
            yield
        except DatabaseError as error:
            raise _unusable(error) from error


@contextmanager
def _alone() -> Iterator[None]:
    """One at a time: by a lock in PostgreSQL, or on a file beside SQLite's, which ends with its holder."""
    if connection.vendor == "postgresql":
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        except DatabaseError as error:
            raise _unusable(error) from error
        try:
            yield
        finally:
            connection.close()  # lets the lock go, whatever state the connection is in
        return
    path = Path(settings.HOME) / "up.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError as error:
        words = f"{path} cannot be written ({error.strerror}); give CRUX_HOME a directory that is yours."
        raise CommandError(words, returncode=MISUSE) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _unusable(error: DatabaseError) -> CommandError:
    name = settings.DATABASES["default"]["NAME"]
    words = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return CommandError(f"The database {name} cannot be used: {words}", returncode=MISUSE)
