"""What is wrong with an installation, said before it does harm: Django's system checks of Crux.

crux.E001  a CRUX_* value cannot be read
crux.E002  CRUX_HOME cannot be written
crux.E003  the database is in memory
crux.E004  SQLite is too old
crux.W001  a variable of the environment looks like a misspelled setting
crux.W002  (--deploy) the site is called by public names without TLS
crux.W003  (--deploy) the site answers to any name
"""

import os
import sqlite3
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from tasks_app.conf import PREFIX, Conf, conf, conf_problems

SQLITE_MINIMUM = (3, 35, 0)  # the first with RETURNING: bulk_create tells the ids of the tasks it added
LOOPBACK_NAMES = {"localhost", "127.0.0.1", "[::1]", "::1"}
# Those read elsewhere: by settings, by `crux up` for its cluster, by the tests.
OTHER_VARIABLES = {"CRUX_HOME", "CRUX_CLUSTER", "CRUX_CHROMIUM"}

Apps = Sequence[AppConfig] | None


def register_all() -> None:
    """Called once, by the app's ready()."""
    register(settings_are_readable, Tags.compatibility)
    register(settings_are_spelled, Tags.compatibility)
    register(home_is_writable, Tags.files)
    register(database_is_served, Tags.compatibility)
    register(site_is_safe_to_show, Tags.security, deploy=True)


def settings_are_readable(app_configs: Apps = None, **_: Any) -> Iterable[CheckMessage]:
    hint = "docs/reference/settings.md lists every setting with its type and bounds."
    return [Error(problem, hint=hint, id="crux.E001") for problem in conf_problems]


def settings_are_spelled(app_configs: Apps = None, **_: Any) -> Iterable[CheckMessage]:
    """A variable one slip away from a setting; others that begin with CRUX_ may be somebody else's."""
    known = {PREFIX + name.upper() for name in Conf.model_fields} | OTHER_VARIABLES
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            for meant in get_close_matches(name, known, n=1, cutoff=0.9):
                yield Warning(f"{name} is no setting of Crux.", hint=f"Is {meant} meant?", id="crux.W001")


def home_is_writable(app_configs: Apps = None, **_: Any) -> Iterable[CheckMessage]:
    """The directory, or what it would be made in; asked only where something is kept there."""
    home = Path(settings.HOME)
    nearest = next(path for path in (home, *home.parents) if path.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        hint = "Give CRUX_HOME a directory that is yours; the database and the secret key are kept in it."
        yield Error(f"{home} cannot be written.", hint=hint, id="crux.E002")


def database_is_served(app_configs: Apps = None, **_: Any) -> Iterable[CheckMessage]:
    database = settings.DATABASES["default"]
    if "sqlite3" not in database["ENGINE"]:
        return
    if _is_in_memory(str(database["NAME"])):
        hint = "Set DATABASE_URL to postgres://… or sqlite:////a/file, or to nothing."
        yield Error("The database is in memory, which workers cannot share.", hint=hint, id="crux.E003")
    if sqlite3.sqlite_version_info < SQLITE_MINIMUM:
        wanted = ".".join(map(str, SQLITE_MINIMUM))
        hint = "Use a newer Python, or PostgreSQL by DATABASE_URL."
        found = f"Python has SQLite {sqlite3.sqlite_version}; Crux needs {wanted} or newer."
        yield Error(found, hint=hint, id="crux.E004")


def site_is_safe_to_show(app_configs: Apps = None, **_: Any) -> Iterable[CheckMessage]:
    names = set(settings.ALLOWED_HOSTS)
    if "*" in names:
        hint = "Name the hosts: sockets are opened to pages of these names, and * trusts every page of the web."
        yield Warning("DJANGO_ALLOWED_HOSTS is *.", hint=hint, id="crux.W003")
    if names - LOOPBACK_NAMES and not conf.https:
        hint = "Put TLS in front and set CRUX_HTTPS=1, or passwords and sessions travel in the open."
        yield Warning("The site is called by public names, and CRUX_HTTPS is off.", hint=hint, id="crux.W002")


def _is_in_memory(name: str) -> bool:
    return name == ":memory:" or "mode=memory" in name
