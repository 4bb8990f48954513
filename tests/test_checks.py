import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks
from pytest_django import Settings

from tasks_app import checks
from tasks_app.conf import conf

SQLITE = "django.db.backends.sqlite3"


def _of_crux(**options: Any) -> dict[str, CheckMessage]:
    found = run_checks(**options)
    return {message.id: message for message in found if message.id and message.id.startswith("crux.")}


def test_an_installation_as_cloned_has_nothing_to_report(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]  # pytest-django adds its own

    assert _of_crux(include_deployment_checks=True) == {}


def test_a_value_that_cannot_be_read_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "conf_problems", ["CRUX_WORKERS='many': not a number."])

    assert _of_crux()["crux.E001"].msg == "CRUX_WORKERS='many': not a number."


@pytest.mark.parametrize(
    ("name", "meant"), [("CRUX_LEASE_SECOND", "CRUX_LEASE_SECONDS"), ("CRUX_WORKER", "CRUX_WORKERS")]
)
def test_a_misspelled_setting_is_pointed_out(monkeypatch: pytest.MonkeyPatch, name: str, meant: str) -> None:
    monkeypatch.setenv(name, "2")

    warning = _of_crux()["crux.W001"]

    assert name in warning.msg
    assert meant in str(warning.hint)


@pytest.mark.parametrize("name", ["CRUX_TEST_NO_SKIPS", "CRUX_TEST_POSTGRES_URL", "CRUX_HOME", "CRUX_ELSEWHERE"])
def test_a_variable_that_is_like_no_setting_is_left_alone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")

    assert _of_crux() == {}


def test_a_home_that_is_a_file_is_an_error(settings: Settings, tmp_path: Path) -> None:
    settings.HOME = tmp_path / "file" / "below"
    (tmp_path / "file").touch()

    assert str(settings.HOME) in _of_crux()["crux.E002"].msg


@pytest.mark.parametrize("writable", [True, False])
def test_a_home_yet_to_be_made_needs_a_parent_that_can_be_written(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writable: bool
) -> None:
    settings.HOME = tmp_path / "a" / "b"
    monkeypatch.setattr(os, "access", lambda path, mode: writable and path == tmp_path)

    assert ("crux.E002" in _of_crux()) is not writable


@pytest.mark.parametrize("name", [":memory:", "file:crux?mode=memory&cache=shared"])
def test_a_database_that_workers_cannot_share_is_an_error(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", SQLITE)
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", name)

    assert [message.id for message in checks.database_is_served()] == ["crux.E003"]


def test_an_old_sqlite_is_an_error_where_it_is_used(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))

    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", SQLITE)
    assert [message.id for message in checks.database_is_served()] == ["crux.E004"]

    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")
    assert [message.id for message in checks.database_is_served()] == []


@pytest.mark.parametrize(
    ("hosts", "https", "ids"),
    [
        (["localhost"], False, []),
        (["crux.example"], False, ["crux.W002"]),
        (["crux.example"], True, []),
        (["*"], True, ["crux.W003"]),
        (["*"], False, ["crux.W003", "crux.W002"]),
    ],
)
def test_a_public_site_is_told_to_use_tls_and_to_name_its_hosts(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, hosts: list[str], https: bool, ids: list[str]
) -> None:
    settings.ALLOWED_HOSTS = hosts
    monkeypatch.setattr(conf, "https", https)

    assert [message.id for message in checks.site_is_safe_to_show()] == ids
