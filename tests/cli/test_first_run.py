"""What a newcomer finds."""

import re
import sys
import sysconfig
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from tasks_app.cli import first_run
from tasks_app.conf import conf
from tasks_app.models import Task, TaskList
from tasks_app.services import access
from tests.builders import a_list

BASE = "http://127.0.0.1:8000"
PROSE = "It does one thing and says so at length. " * 40


@pytest.mark.django_db
def test_a_new_database_gets_an_operator_a_batch_of_60_and_a_link_that_opens() -> None:
    link = first_run.prepare(BASE)
    operator = User.objects.get()
    made = TaskList.objects.get()
    assert (operator.username, operator.is_superuser, operator.has_usable_password()) == ("operator", True, False)
    assert (made.created_by, made.agent, made.concurrency, made.pending) == (operator, "summarizer", 4, 60)
    assert made.started_at is not None
    found = re.fullmatch(rf"{BASE}/link/([\w-]+)/", link)
    assert found is not None
    assert access.use_link(found[1]) == operator


@pytest.mark.django_db
def test_a_second_run_adds_nothing_and_prints_another_link() -> None:
    first = first_run.prepare(BASE)
    second = first_run.prepare(BASE)
    assert (TaskList.objects.count(), Task.objects.count(), User.objects.count()) == (1, 60, 1)
    assert second.startswith(BASE)
    assert second != first


@pytest.mark.django_db
def test_a_database_with_lists_and_no_operator_is_left_alone() -> None:
    a_list("mine")
    User.objects.create_superuser("alice", password="x")
    assert first_run.prepare(BASE) == ""
    assert (TaskList.objects.count(), User.objects.count()) == (1, 1)


def test_the_modules_are_the_same_each_time_by_name_and_short_enough_to_store() -> None:
    library = Path(sysconfig.get_path("stdlib"))
    found = first_run.documented_modules(library)
    assert found == first_run.documented_modules(library)
    names = [task.id for task in found]
    assert len(names) == 60
    assert names == sorted(names)
    assert set(names) <= sys.stdlib_module_names
    assert all(1_000 <= len(task.input) <= conf.max_value_bytes / 4 for task in found)


def test_docstrings_are_read_and_nothing_is_imported(tmp_path: Path) -> None:
    (tmp_path / "heapq.py").write_text(
        f'"""Heaps.\n\n{PROSE}"""\n'
        "raise SystemExit('imported')\n"
        'def push():\n    """Push one."""\n'
        'def _hidden():\n    """Not shown."""\n'
        'class Heap:\n    """A heap."""\n'
        "def bare(): pass\n"
    )
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "__init__.py").write_text(f'"""JSON.\n\n{PROSE}"""\n')
    (tmp_path / "csv.py").write_text('"""Too short."""\n')
    (tmp_path / "copy.py").write_text("x = 1\n" + "#" * 2000)
    (tmp_path / "glob.py").write_text("no python at all !!!")
    (tmp_path / "calendar.py").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "mine.py").write_text(f'"""Of no standard library.\n\n{PROSE}"""\n')
    heap, json = first_run.documented_modules(tmp_path)
    assert (heap.id, json.id) == ("heapq", "json")
    assert heap.input.startswith("# heapq\n\nHeaps.\n\nIt does one thing")
    assert heap.input.endswith("\n\n## push\n\nPush one.\n\n## Heap\n\nA heap.")
