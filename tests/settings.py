"""The settings as another environment would have them."""

import runpy
from pathlib import Path
from typing import Any

import pytest

SETTINGS = Path(__file__).parent.parent / "crux_site" / "settings.py"


def settings_in(**environment: str) -> dict[str, Any]:
    """The names that crux_site/settings.py defines where these variables alone are set."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (
            "DATABASE_URL",
            "CRUX_HOME",
            "DJANGO_SECRET_KEY",
            "DJANGO_DEBUG",
            "DJANGO_ALLOWED_HOSTS",
            "TZ",
        ):
            patch.delenv(name, raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        return runpy.run_path(str(SETTINGS))
