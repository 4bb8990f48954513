"""`crux run`, `crux watch` and `crux export`: a batch from files, to its end, and its results."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from tasks_app.conf import conf
from tasks_app.models import Event, Task, TaskList
from tasks_app.services import claims, interventions, task_lists
from tasks_app.services.claims import Claim
from tests.builders import ALICE, a_list, a_worker, claim_all, kinds
from tests.cli.conftest import Work
from tests.cli.console import Console

pytestmark = pytest.mark.django_db

AtWork = Callable[[Work], None]


def complete(claim: Claim) -> None:
    claims.complete(claim, claim.task.input)


def fail(claim: Claim) -> None:
    claims.fail(claim, "no", retryable=False)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to work in, with a text and a table."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A")
    (tmp_path / "b.csv").write_text("id,input\nb1,one\nb2,two\n")
    return tmp_path


def test_run_starts_a_list_and_prints_its_id(crux: Console, files: Path) -> None:
    a_worker()
    answer = crux("run", "writer", "docs/a.md", "b.csv", "--concurrency", 3, "--title", "Both")
    made = TaskList.objects.get()
    assert (answer.code, answer.out, answer.err) == (0, f"{made.pk}\n", "")
    assert (made.title, made.agent, made.concurrency, made.started_at is not None) == ("Both", "writer", 3, True)
    assert list(Task.objects.order_by("position").values_list("key", "status")) == [
        ("docs/a.md", "pending"),
        ("b1", "pending"),
        ("b2", "pending"),
    ]


def test_run_without_a_title_names_the_agent_and_what_it_works_on(crux: Console, files: Path) -> None:
    crux("run", "writer", "docs/a.md")
    crux("run", "writer", "docs/a.md", "b.csv")
    assert sorted(TaskList.objects.values_list("title", flat=True)) == ["writer: 2 files", "writer: a.md"]


def test_run_with_no_live_worker_names_the_command_that_starts_one(crux: Console, files: Path) -> None:
    answer = crux("run", "writer", "b.csv")
    assert answer.code == 0
    assert "`manage.py crux up`" in answer.err


def test_a_batch_belongs_to_the_usual_account(crux: Console, files: Path) -> None:
    crux("run", "writer", "b.csv", "--title", "nobody's")
    alice = User.objects.create_user("alice")
    crux("run", "writer", "b.csv", "--title", "alice's")
    User.objects.create_user("bob")
    crux("run", "writer", "b.csv", "--title", "nobody's again")
    owners = dict(TaskList.objects.values_list("title", "created_by"))
    assert owners == {"nobody's": None, "alice's": alice.pk, "nobody's again": None}


def test_json_is_one_object_with_a_count_for_each_status(crux: Console, files: Path) -> None:
    answer = crux("run", "writer", "b.csv", "--json")
    report = json.loads(answer.out)
    assert answer.out.count("\n") == 1
    assert list(report) == ["list", "status", "counts", "seconds"]
    assert (report["list"], report["status"]) == (str(TaskList.objects.get().pk), "pending")
    statuses = ["pending", "in_progress", "awaiting_approval", "completed", "failed", "skipped", "cancelled"]
    assert list(report["counts"]) == ["total", *statuses]
    assert (report["counts"]["total"], report["counts"]["pending"]) == (2, 2)


def test_wait_ends_with_0_when_all_is_completed_or_skipped(crux: Console, files: Path, at_work: AtWork) -> None:
    def complete_and_skip_the_rest(claim: Claim) -> None:
        complete(claim)
        interventions.skip(claim.list_id, "b2", actor=ALICE)

    at_work(complete_and_skip_the_rest)
    answer = crux("run", "writer", "b.csv", "--wait", "--json")
    assert answer.code == 0
    assert json.loads(answer.out)["counts"]["skipped"] == 1
    assert "1 of 2 completed · 1 skipped" in answer.err


def test_wait_ends_with_1_when_a_task_failed_or_was_cancelled(crux: Console, files: Path, at_work: AtWork) -> None:
    at_work(fail)
    answer = crux("run", "writer", "b.csv", "--wait")
    list_id, line = answer.out.splitlines()
    assert answer.code == 1
    assert list_id == str(TaskList.objects.get().pk)
    assert line.startswith("0 of 2 completed · 2 failed · ")


def test_wait_shows_a_line_for_each_change(crux: Console, files: Path, at_work: AtWork) -> None:
    at_work(complete)
    answer = crux("run", "writer", "b.csv", "--wait", "--json")
    assert answer.err.splitlines() == ["0 of 2 completed", "1 of 2 completed", "2 of 2 completed"]


def test_ctrl_c_leaves_the_batch_going_on(crux: Console, files: Path, at_work: AtWork) -> None:
    def interrupt(claim: Claim) -> None:
        raise KeyboardInterrupt

    at_work(interrupt)
    answer = crux("run", "writer", "b.csv", "--wait")
    made = TaskList.objects.get()
    assert answer.code == 130
    assert f"crux watch {made.pk}" in answer.err
    assert made.finished_at is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scribe", "b.csv"], "There is no agent 'scribe'. Known agents: summarizer, writer."),
        (["writer", "b.csv", "b.csv"], "'b1' is given twice"),
        (["writer", "missing.txt"], "missing.txt: it cannot be read: No such file or directory."),
        (["writer", "b.csv", "docs"], "docs: it cannot be read: Is a directory."),
        (["writer", "b.csv", "broken.jsonl"], "broken.jsonl, line 2: not JSON"),
        (["writer", "circle.jsonl"], "go in a circle: 'x' → 'y' → 'x'"),
        (["writer", "riter.jsonl"], "There is no agent 'riter'."),
        (["writer", "huge.txt"], "huge.txt: this is 1,000,000,000,000 bytes; a batch has at most 52,428,800"),
        (["writer", "b.csv", "--concurrency", "0"], "concurrency is a whole number from 1"),
        (["writer", "b.csv", "--concurrency", "many"], "invalid int value: 'many'"),
        (["writer", "b.csv", "--title", " "], "needs a title"),
        (["writer"], "the following arguments are required: FILE"),
    ],
)
def test_what_cannot_be_run_is_one_line_and_no_row(
    crux: Console, files: Path, arguments: list[str], words: str
) -> None:
    (files / "broken.jsonl").write_text('{"id": "c"}\n{"id"\n')
    (files / "circle.jsonl").write_text(
        '{"id":"x","input":1,"depends_on":["y"]}\n{"id":"y","input":1,"depends_on":["x"]}\n'
    )
    (files / "riter.jsonl").write_text('{"id":"x","input":1,"agent":"riter"}\n')
    with (files / "huge.txt").open("wb") as huge:
        huge.truncate(10**12)  # a hole: takes no room
    answer = crux("run", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err.splitlines()[-1]
    assert not TaskList.objects.exists()
    assert not Event.objects.exists()


def test_export_prints_a_line_a_task_and_csv_a_row(crux: Console) -> None:
    task_list = a_list("a", "ü")
    claim_all(a_worker())
    answer = crux("export", task_list.id)
    assert [json.loads(line)["id"] for line in answer.out.splitlines()] == ["a", "ü"]
    answer = crux("export", task_list.id, "--format", "csv")
    assert answer.out.splitlines()[0].startswith("id,label,status,agent,input,result,error,")
    assert crux("export", task_list.id, "--format", "xml").code == 2


def test_a_file_larger_than_a_batch_is_never_read_whole(
    crux: Console, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conf, "max_batch_bytes", 1024)
    answer = crux("run", "writer", "/dev/zero")
    assert answer.code == 2
    assert "/dev/zero: this is 1,025 bytes; a batch has at most 1,024" in answer.err


def test_a_started_batch_is_on_record_as_the_commands(crux: Console, files: Path) -> None:
    crux("run", "writer", "b.csv")
    assert set(Event.objects.values_list("actor_kind", "actor_name")) == {("program", "crux run")}
    assert kinds(task_lists.get(TaskList.objects.get().pk))[-1] == "list.started"
