"""The promises of the tree itself."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests import reference

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
MACHINE_PATH = re.compile(r"(?<![\w./~<>-])/(work|opt|home|root|Users)/\w")
INDEX_HOST = re.compile(
    r"(pypi|pythonhosted|npmjs|artifactory|nexus)[\w-]*\.(org|com|io|net)|--(extra-)?index-url \w", re.I
)


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, check=True, text=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def _texts() -> list[tuple[str, str]]:
    found = []
    for path in _tracked():
        try:
            found.append((str(path.relative_to(ROOT)), path.read_text()))
        except UnicodeDecodeError:  # a picture
            continue
    return found


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    texts = _texts()
    here = Path(__file__).name

    named = [name for name, text in texts if not name.endswith(here) and MACHINE_PATH.search(text)]

    assert len(texts) > 30
    assert named == []


def test_no_file_names_a_package_index() -> None:
    here = Path(__file__).name

    assert [name for name, text in _texts() if not name.endswith(here) and INDEX_HOST.search(text)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_pins_and_hashes_and_nothing_else(lock: str) -> None:
    for line in (ROOT / lock).read_text().splitlines():
        pin = r"[a-z0-9][a-z0-9.-]*==[\w.]+( ; [^\\]+)? \\"
        assert re.fullmatch(rf"{pin}|    --hash=sha256:[0-9a-f]{{64}}( \\)?|    #( +.*)?", line), line


def test_tests_and_checks_run_on_the_versions_that_users_run_on() -> None:
    runtime, dev = (_pins((ROOT / lock).read_text()) for lock in LOCKS)

    assert runtime.items() <= dev.items()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_all_that_the_project_asks_for(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + (project["optional-dependencies"]["dev"] if "dev" in lock else [])

    names = {re.split(r"[\[<>=!~; ]", requirement)[0] for requirement in wanted}

    assert names <= _pins((ROOT / lock).read_text()).keys()


def _pins(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==([\w.]+)", text, re.M))


def test_a_file_fits_in_one_head() -> None:
    written = _tracked("*.py", ":!*/migrations/*")  # migrations are Django's writing
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in written}

    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}


def test_packages_hold_names_only() -> None:
    for path in _tracked("*__init__.py"):
        body = path.read_text()
        assert "def " not in body, path
        assert "class " not in body, path


def test_the_page_of_settings_is_current() -> None:
    assert reference.SETTINGS_PAGE.read_text() == reference.settings_page(), "run `make docs`"


def test_no_target_of_the_makefile_is_without_a_word_of_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.M)

    assert phony
    assert set(phony[1].split()) == set(re.findall(r"^([a-z-]+):.*## .", makefile, re.M))


@pytest.mark.process
@pytest.mark.parametrize(("forbidden", "closing"), [("1", "2 failed, 2 errors in "), ("", "3 skipped, 1 xfailed in ")])
def test_where_skips_are_forbidden_a_skip_fails(tmp_path: Path, forbidden: str, closing: str) -> None:
    (tmp_path / "test_skips.py").write_text(SKIPS)
    (tmp_path / "test_module.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", "pyproject.toml"]
    keep_going = ["--continue-on-collection-errors", str(tmp_path)]
    environment = {"CRUX_TEST_NO_SKIPS": forbidden, "CRUX_HOME": str(tmp_path)}

    run = subprocess.run(
        [*command, *keep_going], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert closing in run.stdout.splitlines()[-1], run.stdout


SKIPS = """
import pytest

def test_skipped():
    pytest.skip("no server")

@pytest.mark.xfail
def test_let_fail():
    assert False

@pytest.fixture
def missing():
    pytest.skip("no browser")

def test_without_its_fixture(missing):
    pass
"""
