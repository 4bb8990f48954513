"""What every test stands on: a database of its own, no model provider, and skips that can be forbidden."""

import os
import zlib
from collections.abc import Generator
from typing import Any, TypeVar

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from pytest_django import DjangoDbBlocker

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
NO_SKIPS = os.environ.get("CRUX_TEST_NO_SKIPS") == "1"  # set where nothing may be missing, as in .ci/run

# No test is judged by a stopwatch: what is slow here may be the machine.
hypothesis.settings.register_profile("crux", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("crux")

for _name in [name for name in os.environ if name.startswith("OPENAI_")]:
    del os.environ[_name]  # a developer's key: no test may spend it


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL only what asks the database; on SQLite nothing that only PostgreSQL can show."""
    on_postgres = "postgresql" in settings.DATABASES["default"]["ENGINE"]
    chosen = [item for item in items if (_asks_database(item) if on_postgres else not _is(item, "postgres"))]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
    items[:] = chosen


def _asks_database(item: pytest.Item) -> bool:
    if _is(item, "process") or _is(item, "browser"):
        return False  # their Crux is another process, with a database of its own
    fixtures = getattr(item, "fixturenames", ())
    return _is(item, "django_db") or not {"db", "transactional_db"}.isdisjoint(fixtures)


def _is(item: pytest.Item, marker: str) -> bool:
    return item.get_closest_marker(marker) is not None


_built_in: dict[str, Any] = {}


def pytest_sessionstart() -> None:
    """Remember Crux's own agents before test modules are imported, some of which make more."""
    from tasks_app.agents import registry  # Django is not set up where this file is imported

    _built_in.update(registry._runners)


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test knows the built-in agents and those that it makes."""
    from tasks_app.agents import registry

    monkeypatch.setattr(registry, "_runners", dict(_built_in))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return _without_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _without_skip(report)


def _without_skip(report: Report) -> Report:
    """A test that was skipped, or was let fail, has failed where skips are forbidden."""
    if NO_SKIPS and report.outcome == "skipped":
        reason = getattr(report, "wasxfail", None) or report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CRUX_TEST_NO_SKIPS=1, and this was skipped: {reason}"
        if hasattr(report, "wasxfail"):
            del report.wasxfail
    return report


@pytest.fixture(autouse=True)
def nothing_held_by_hand() -> Generator[None, None, None]:
    """What a test took by hand is given back, and its heart stopped, while the test's database is there."""
    yield
    from tasks_app.agents import holder  # not before Django is set up

    holder.let_all_go()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A database for each test process: a file on SQLite, as threads share no database in memory.

    On PostgreSQL its name tells the checkout, so that two of them can be tested at once on one server.
    """
    test: dict[str, Any] = settings.DATABASES["default"].setdefault("TEST", {})
    if connection.vendor == "sqlite":
        test["NAME"] = str(tmp_path_factory.mktemp("database") / "crux.sqlite3")
    else:
        checkout = f"{zlib.crc32(str(settings.BASE_DIR).encode()):08x}"
        test["NAME"] = f"test_crux_{checkout}_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Generator[None, None, None]:
    """At the end PostgreSQL drops no database that a thread of the suite is still connected to."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
