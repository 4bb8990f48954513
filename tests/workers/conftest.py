"""Homes for the process tests: a migrated SQLite database each, copied from one made once."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.processes import ROOT, Tree, scratch


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a migrated, empty database."""
    home = tmp_path_factory.mktemp("home")
    clean = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env={**clean, "CRUX_HOME": str(home)},
        check=True,
        timeout=60,
    )
    return home


@pytest.fixture
def home(migrated: Path, tmp_path: Path) -> Path:
    """A home of this test's own."""
    shutil.copytree(migrated, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def up(home: Path) -> Iterator[Tree]:
    """A supervised cluster of two scratch shifts; nothing of it is left after the test."""
    tree = scratch("up", home)
    yield tree
    tree.end()
