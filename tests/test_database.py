"""The promises of the two engines that the services build on."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.utils import ConnectionHandler
from pytest_django import DjangoDbBlocker

from tests.settings import settings_in


@pytest.mark.django_db(transaction=True)
def test_writers_that_read_first_lose_nothing_to_each_other() -> None:
    """SQLite lets the second wait at BEGIN, PostgreSQL at the row's lock."""
    group = Group.objects.create(name="0")

    def add_ten() -> None:
        try:
            for _ in range(10):
                with transaction.atomic():
                    row = Group.objects.select_for_update().get(pk=group.pk)
                    row.name = str(int(row.name) + 1)
                    row.save()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        for writer in [threads.submit(add_ten) for _ in range(4)]:
            writer.result()

    group.refresh_from_db()
    assert group.name == "40"


def test_sqlite_lets_readers_read_while_one_writes(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> None:
    options = settings_in(CRUX_HOME=str(tmp_path))["DATABASES"]
    connections = ConnectionHandler(options)

    with django_db_blocker.unblock(), connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        journal = cursor.fetchone()
        cursor.execute("PRAGMA synchronous")
        synchronous = cursor.fetchone()
    connections.close_all()

    assert (journal, synchronous) == (("wal",), (1,))
    assert (tmp_path / "crux.sqlite3").exists()
