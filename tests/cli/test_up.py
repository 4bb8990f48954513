"""The whole of Crux as people start it: real processes, one home."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.workers.processes import Tree, until

pytestmark = pytest.mark.process

MANAGE = [sys.executable, "manage.py", "crux"]
LINK = re.compile(r"Crux is at (http://127\.0\.0\.1:\d+)/link/[\w-]+/\n")


class Home:
    """A directory of its own, in which commands run one after the other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trees: list[Tree] = []

    def __call__(self, *arguments: str, **env: str) -> tuple[int, str]:
        """Run a command to its end; its exit code and all it printed."""
        tree = self.start(*arguments, **env)
        code = tree.process.wait(60)
        return code, tree.output.read_text()

    def start(self, *arguments: str, **env: str) -> Tree:
        """Start a command."""
        tree = Tree([*MANAGE, *arguments], self.path, **{"CRUX_OFFLINE_SECONDS": "0", "CRUX_LEASE_SECONDS": "2", **env})
        self.trees.append(tree)
        return tree

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What is in the database."""
        with closing(sqlite3.connect(self.path / "crux.sqlite3")) as database:
            return database.execute(query).fetchall()

    def up(self, *arguments: str) -> Tree:
        """Start Crux and wait until it says where it is."""
        tree = self.start("up", "--first-run", "--port", "0", "--workers", "1", "--concurrency", "10", *arguments)
        output = tree.output
        until(lambda: "Crux is at" in output.read_text() or tree.process.poll() is not None, "the line with the link")
        # What the next command of this home prints goes to a file of its own.
        tree.output = output.rename(self.path / f"up-{len(self.trees)}.log")
        return tree


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home without a database."""
    made = Home(tmp_path)
    yield made
    for tree in made.trees:
        tree.end()


def get(url: str) -> int:
    """The status of the page."""
    try:
        with urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return error.code


def stop(tree: Tree, signum: signal.Signals = signal.SIGINT) -> None:
    """Stop it, and see that it left nothing."""
    tree.process.send_signal(signum)
    assert tree.process.wait(20) == 0, tree.output.read_text()
    assert tree.pids() == []


def test_a_first_run_works_through_its_batch_and_a_second_carries_on_with_the_data(home: Home) -> None:
    tree = home.up()
    link = LINK.search(tree.output.read_text())
    assert link is not None, tree.output.read_text()
    assert get(link[0].removeprefix("Crux is at ").strip()) == 200
    until(lambda: get(f"{link[1]}/healthz") == 200, "a worker")
    ((first,),) = home.rows("SELECT id FROM tasks_app_tasklist")
    code, out = home("watch", first)
    assert (code, out.splitlines()[-1][:20]) == (0, "60 of 60 completed ·")
    stop(tree)

    again = home.up()
    code, out = home("run", "summarizer", "manage.py", "--wait", "--json")
    assert (code, json.loads(out.splitlines()[-1])["counts"]["completed"]) == (0, 1)
    code, out = home("export", first)
    assert (code, len(out.splitlines())) == (0, 60)
    assert home.rows("SELECT count(*) FROM tasks_app_tasklist") == [(2,)]
    stop(again, signal.SIGTERM)


def test_workers_alone_say_that_they_work_and_the_site_alone_that_it_is_there(home: Home) -> None:
    site = home.up("--no-workers")
    assert "Crux is at" in site.output.read_text()
    workers = home.start("up", "--no-web", "--workers", "1")
    until(lambda: "Crux works: 1 × 100 slots." in workers.output.read_text(), "the workers")
    stop(workers, signal.SIGTERM)
    stop(site)


@pytest.mark.parametrize("variable", ["CRUX_HOME", "DATABASE_URL"])
def test_a_place_that_cannot_be_written_is_one_line(home: Home, tmp_path: Path, variable: str) -> None:
    (tmp_path / "file").touch()
    place = f"{tmp_path}/file/crux"
    code, out = home("up", "--port", "0", **{variable: place if variable == "CRUX_HOME" else f"sqlite:///{place}"})
    assert code == 2
    assert out.count("\n") == 1
    assert place.removesuffix("/crux") in out


def test_ctrl_c_in_a_wait_is_130_and_a_reader_that_leaves_is_no_traceback(home: Home) -> None:
    subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], check=True, env=home_env(home))
    waiting = home.start("run", "summarizer", "manage.py", "--wait")
    until(lambda: "0 of 1 completed" in waiting.output.read_text(), "the wait")
    waiting.process.send_signal(signal.SIGINT)
    assert waiting.process.wait(20) == 130
    list_id, *rest = waiting.output.read_text().splitlines()
    assert "The batch goes on" in rest[-1]

    command = f"{sys.executable} manage.py crux export {list_id} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=home_env(home), check=True)
    assert done.stdout.strip() in ("0", "1")
    assert done.stderr == ""


def home_env(home: Home) -> dict[str, str]:
    """An environment in which Crux lives in this home."""
    clean = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    return {**clean, "CRUX_HOME": str(home.path)}
