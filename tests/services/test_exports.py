"""What comes out of a list."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from tasks_app.errors import TaskListNotFound
from tasks_app.models import Attempt, TaskListSnapshot
from tasks_app.models.columns import new_id
from tasks_app.services import claims, exports, interventions, tasks, transcripts
from tasks_app.services.tasks import NewTask
from tasks_app.services.transcripts import CallRecord
from tests.builders import ALICE, a_list, a_worker, claim_all

pytestmark = pytest.mark.django_db

KEYS = ["id", "label", "status", "agent", "input", "result", "error", "tokens", "cost", "seconds", "attempts"]


def table(chunks: Iterator[str]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(chunks), newline="")))


def a_worked_list() -> TaskListSnapshot:
    """One completed at the second try, one of an agent of its own that failed, one that waits, one removed."""
    task_list = a_list(
        NewTask(id="a", label="A", input={"n": 1}, max_attempts=2),
        NewTask(id="b", agent="critic"),
        NewTask(id="gone"),
    )
    worker = a_worker()
    got = claim_all(worker)
    claims.start(got["a"])
    transcripts.record(
        got["a"].attempt_id,
        [{"role": "user", "content": "x"}],
        first_position=1,
        call=CallRecord(number=1, model="m", input_tokens=3, output_tokens=4, cost=Decimal("0.0025")),
    )
    claims.fail(got["a"], "once")
    claims.fail(got["b"], "no words", retryable=False)
    claims.complete(got["gone"], 1)
    tasks.remove(task_list.id, "gone", actor=ALICE)
    interventions.retry(task_list.id, "b", actor=ALICE)
    claims.fail(claim_all(worker)["b"], "no words at all", retryable=False)
    tasks.add_many(task_list.id, [NewTask(id="later", depends_on=["a"])], actor=ALICE)
    return task_list


def test_a_row_says_what_the_contract_says() -> None:
    task_list = a_worked_list()
    Attempt.objects.filter(task__key="a").update(started_at=F("ended_at") - timedelta(seconds=1.5))
    a, b, later = map(json.loads, exports.jsonl(task_list.id))

    assert [list(row) for row in (a, b, later)] == [KEYS, KEYS, KEYS]
    assert (a["id"], a["label"], a["status"], a["agent"], a["input"]) == ("a", "A", "pending", "writer", {"n": 1})
    assert (a["tokens"], a["cost"], a["seconds"], a["result"]) == (7, 0.0025, 1.5, None)
    (attempt,) = a["attempts"]
    assert list(attempt) == ["number", "status", "worker", "started_at", "ended_at", "error"]
    assert (attempt["number"], attempt["status"], attempt["worker"]) == (1, "failed", "host:1")
    assert attempt["error"] == "once"
    assert attempt["started_at"].endswith("Z")
    assert (b["agent"], b["status"], b["error"], b["cost"]) == ("critic", "failed", "no words at all", None)
    assert [tried["number"] for tried in b["attempts"]] == [1, 2]
    assert (later["status"], later["attempts"], later["seconds"]) == ("pending", [], 0)


def test_an_open_attempt_has_no_end_and_counts_no_seconds() -> None:
    task_list = a_list("a")
    claim_all(a_worker())
    (row,) = exports.rows(task_list.id)
    assert (row["status"], row["seconds"], row["attempts"][0]["ended_at"]) == ("in_progress", 0, None)


def test_rows_come_by_position_and_those_beyond_a_chunk_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "CHUNK", 3)
    ids = [f"t{n}" for n in range(10)]
    task_list = a_list(*ids)
    tasks.remove(task_list.id, "t4", actor=ALICE)
    assert [row["id"] for row in exports.rows(task_list.id)] == [one for one in ids if one != "t4"]


def test_a_row_more_costs_no_query_more() -> None:
    def queries(count: int) -> int:
        task_list = a_list(*(f"t{n}" for n in range(count)))
        claim_all(a_worker())
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert len(list(exports.rows(task_list.id))) == count
        return len(captured)

    assert queries(2) == queries(90)


def test_the_first_row_is_there_before_the_last_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "CHUNK", 2)
    task_list = a_list(*(f"t{n}" for n in range(100)))
    with CaptureQueriesContext(connection) as captured:
        assert next(exports.jsonl(task_list.id)).startswith('{"id":"t0"')
    assert len(captured) == 3


@pytest.mark.parametrize("export", [exports.rows, exports.jsonl, exports.csv])
def test_an_unknown_list_is_refused_before_the_first_row(export: Any) -> None:
    with pytest.raises(TaskListNotFound):
        export(new_id())


def test_jsonl_has_one_line_a_task_for_every_reader() -> None:
    task_list = a_list(NewTask(id="a", input="one\u2028two\x85three\nfour"), "é")
    text = "".join(exports.jsonl(task_list.id))
    first, second = text.splitlines()
    assert json.loads(first)["input"] == "one\u2028two\x85three\nfour"
    assert '"é"' in second


def test_csv_has_a_header_and_a_row_a_task_with_json_where_a_value_is_no_text() -> None:
    task_list = a_worked_list()
    a, b, later = table(exports.csv(task_list.id))
    assert list(a) == KEYS
    assert (a["input"], a["result"], a["tokens"], a["cost"], a["attempts"]) == ('{"n":1}', "", "7", "0.0025", "1")
    assert (b["error"], b["attempts"], b["cost"]) == ("no words at all", "2", "")
    assert later["id"] == "later"


def test_csv_of_a_list_without_tasks_is_its_header() -> None:
    assert "".join(exports.csv(a_list().id)) == ",".join(KEYS) + "\r\n"


@pytest.mark.parametrize("mark", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(mark: str) -> None:
    task_list = a_list(NewTask(id="a", label="=cmd", input=f"{mark}1+1"), NewTask(id="b", input=-1))
    a, b = table(exports.csv(task_list.id))
    assert (a["label"], a["input"]) == ("'=cmd", f"'{mark}1+1")
    assert b["input"] == "-1"
    assert json.loads(next(exports.jsonl(task_list.id)))["input"] == f"{mark}1+1"
