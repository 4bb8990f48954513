import json
import math
from multiprocessing import get_context
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from crux_site.secret import secret_key
from tasks_app.conf import Conf, load
from tests.settings import settings_in

VARIABLES = sorted(f"CRUX_{name.upper()}" for name in Conf.model_fields)


def test_no_variable_is_needed() -> None:
    conf, problems = load({})

    assert (conf, problems) == (Conf(), [])


def test_a_value_is_read_with_its_type() -> None:
    conf, problems = load(
        {
            "CRUX_LEASE_SECONDS": "2.5",
            "CRUX_WORKERS": "3",
            "CRUX_HTTPS": "on",
            "CRUX_PRICES": '{"small": [0.1, 0.4]}',
        }
    )

    assert problems == []
    assert (conf.lease_seconds, conf.workers, conf.https, conf.prices) == (
        2.5,
        3,
        True,
        {"small": (0.1, 0.4)},
    )


def test_an_empty_value_is_none() -> None:
    conf, problems = load(dict.fromkeys(VARIABLES, ""))

    assert (conf, problems) == (Conf(), [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CRUX_WORKERS", "many"),
        ("CRUX_WORKERS", "0"),
        ("CRUX_WORKERS", "1.5"),
        ("CRUX_LEASE_SECONDS", "nan"),
        ("CRUX_ATTEMPT_SECONDS", "inf"),
        ("CRUX_HTTPS", "perhaps"),
        ("CRUX_PRICES", "{"),
        ("CRUX_PRICES", "[]"),
        ("CRUX_PRICES", '{"small": [1]}'),
    ],
)
def test_a_value_that_cannot_be_read_keeps_its_default_and_is_named_once(name: str, value: str) -> None:
    conf, problems = load({name: value, "CRUX_DRAIN_SECONDS": "7"})

    assert conf == Conf(drain_seconds=7)
    assert len(problems) == 1
    assert problems[0].startswith(f"{name}={value!r}: ")


@given(st.dictionaries(st.sampled_from(VARIABLES), st.text() | st.floats().map(str) | st.integers().map(str)))
def test_whatever_the_environment_holds_the_settings_stay_within_their_bounds(
    environment: dict[str, str],
) -> None:
    conf, problems = load(environment)

    assert Conf.model_validate(conf.model_dump()) == conf
    assert len(problems) <= len(environment)
    assert math.isfinite(conf.attempt_seconds)
    json.dumps(conf.model_dump(), allow_nan=False)


def test_the_database_is_beside_the_key_whatever_the_path_is_called(tmp_path: Path) -> None:
    home = tmp_path / "a #strange? 100% name"

    settings = settings_in(CRUX_HOME=str(home))

    assert settings["DATABASES"]["default"]["NAME"] == str(home / "crux.sqlite3")
    assert settings["SECRET_KEY"] == (home / "secret_key").read_text()


def test_a_relative_home_is_one_place_whoever_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert settings_in(CRUX_HOME="home")["DATABASES"]["default"]["NAME"] == str(tmp_path / "home" / "crux.sqlite3")


def test_a_database_url_is_followed() -> None:
    url = "postgres://crux:secret@db.example:5433/work"

    database = settings_in(DATABASE_URL=url, DJANGO_SECRET_KEY="given")["DATABASES"]["default"]

    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example", 5433, "work")
    assert "transaction_mode" not in database.get("OPTIONS", {})


@pytest.mark.parametrize(
    "url", ["garbage", "mysql://crux:secret@host/work", "sqlite://", "postgres://crux:secret@host:port/work"]
)
def test_a_database_url_that_is_none_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as refused:
        settings_in(DATABASE_URL=url, DJANGO_SECRET_KEY="given")

    assert "secret" not in str(refused.value)


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"

    key = secret_key(home)

    assert len(key) >= 50
    assert secret_key(home) == key
    assert [path.name for path in home.iterdir()] == ["secret_key"]
    assert (home / "secret_key").stat().st_mode & 0o777 == 0o600


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with get_context("spawn").Pool(6) as processes:
        keys = processes.map(secret_key, [tmp_path] * 24, chunksize=1)

    assert len(set(keys)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


@pytest.mark.parametrize("name", ["file", "directory/secret_key"])
def test_a_home_that_cannot_hold_a_key_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "directory" / "secret_key").mkdir(parents=True)
    home = (tmp_path / name) if name == "file" else (tmp_path / name).parent

    with pytest.raises(ImproperlyConfigured, match="give CRUX_HOME a directory") as refused:
        secret_key(home)

    assert str(home) in str(refused.value)


def test_an_empty_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()

    with pytest.raises(ImproperlyConfigured, match="remove it"):
        secret_key(tmp_path)
