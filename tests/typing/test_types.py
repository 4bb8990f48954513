"""A user's code is checked as a user's: Crux an installed package, mypy strict, no plugin of ours."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import tasks_app
from tasks_app.agents import registry

HERE = Path(__file__).parent
MODULES = sorted(path for path in HERE.glob("[a-z]*.py") if not path.name.startswith("test_"))

# Django without stubs, as most projects have it, and no openai: what users call is known without, in half the time.
CONFIG = """
[mypy]
strict = true
python_version = 3.11

[mypy-django.*,openai.*]
follow_imports = skip
"""


def check(project: Path, *modules: Path) -> str:
    """What mypy says of modules of a project that has Crux installed, and nothing else of this repository."""
    installed = project / "site-packages"
    installed.mkdir()
    (installed / "tasks_app").symlink_to(Path(tasks_app.__file__).parent)
    (project / "mypy.ini").write_text(CONFIG)
    for module in modules:
        (project / module.name).write_text(module.read_text())
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", "cache", *(module.name for module in modules)],
        cwd=project,
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_what_users_write_has_types_and_what_is_wrong_is_refused(tmp_path: Path) -> None:
    said = check(tmp_path, *MODULES)

    assert said.startswith("Success: no issues found in"), said


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_what_is_checked_also_runs(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_runners", {})

    assert runpy.run_path(str(module))["__doc__"]
