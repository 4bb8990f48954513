"""The whole of Crux, started as people start it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.whole.crux_up import CruxUp
from tests.workers.conftest import home, migrated

__all__ = ["home", "migrated"]


def home_of_its_own(migrated: Path, place: Path) -> Path:
    """A copy of the migrated home, for a Crux that several tests share."""
    return Path(shutil.copytree(migrated, place / "home"))


Up = Callable[..., CruxUp]


@pytest.fixture
def up(home: Path) -> Iterator[Up]:
    """Start `crux up` with these arguments and this environment, and wait until all is well; it is ended at last."""
    started: list[CruxUp] = []

    def start(*arguments: str, **env: str) -> CruxUp:
        started.append(CruxUp(home, *arguments, **env))
        started[-1].wait_until_well()
        return started[-1]

    yield start
    for one in started:
        one.end()
