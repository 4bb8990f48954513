"""What a board reads: the same few queries for a list of any size, and the right cards in the right columns."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tasks_app.models import Task, TaskListSnapshot
from tasks_app.services import claims, interventions, task_lists
from tasks_app.services.tasks import NewTask
from tasks_app.web import boards
from tasks_app.web.snapshots import Board
from tests.builders import ALICE, a_list, a_worker, claim_all, claim_one

pytestmark = pytest.mark.django_db


def look(task_list: TaskListSnapshot, *, alive: bool = True) -> Board:
    return boards.board(task_list.id, alive=alive)


def cards(board: Board, name: str) -> list[str]:
    (column,) = [column for column in board.columns if column.name == name]
    return [card.key for card in column.cards]


def test_each_task_stands_in_the_column_of_its_status() -> None:
    task_list = a_list("todo", "running", "done", "bad", NewTask(id="gate", requires_approval=True))
    Task.objects.filter(key="todo").update(not_before=timezone.now() + timedelta(hours=1))
    got = claim_all(a_worker())
    claims.progress(got["running"], "Reading section 4")
    claims.complete(got["done"], {"summary": "All is well."})
    claims.fail(got["bad"], "no such file\nTraceback …")
    board = look(task_list)
    assert {column.name: [(card.key, card.line) for card in column.cards] for column in board.columns} == {
        "todo": [("todo", board.columns[0].cards[0].line)],
        "running": [("running", "Reading section 4")],
        "waiting": [("gate", "Waits for approval")],
        "done": [("done", "All is well.")],
        "failed": [("bad", "no such file\nTraceback …")],
        "skipped": [],
        "cancelled": [],
    }
    assert board.columns[0].cards[0].line.startswith("Not before ")


def test_a_column_shows_a_window_and_counts_the_rest() -> None:
    task_list = a_list(*(f"{n:03}" for n in range(boards.WINDOW + 12)))
    (todo, *_) = look(task_list).columns
    assert (len(todo.cards), todo.count, todo.more) == (boards.WINDOW, boards.WINDOW + 12, 12)
    assert todo.cards[0].key == "000"


def test_a_column_is_paged_without_a_gap_or_a_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "PAGE", 4)
    task_list = a_list(*(NewTask(id=str(n), priority=n % 3) for n in range(10)), "tail")
    for claim in claim_all(a_worker(), limit=5).values():
        claims.complete(claim)
    for name, count in (("todo", 6), ("done", 5)):
        seen, after = [], ""
        while True:
            page = boards.column(task_list.id, name, after)
            seen += [card.key for card in page.cards]
            if not page.next_url:
                break
            after = page.next_url.partition("after=")[2].replace("%2B", "+")
        assert len(seen) == len(set(seen)) == count


@pytest.mark.parametrize("after", ["x", ",", "1,", ",1", "2026-99-99T00:00:00+00:00,1", "9" * 50, "1,2,3", "\x00"])
def test_a_place_that_is_none_is_the_first_page(after: str) -> None:
    task_list = a_list("a")
    assert len(boards.column(task_list.id, "todo", after).cards) == 1
    assert boards.column(task_list.id, "done", after).cards == ()


def test_a_task_that_is_being_cancelled_stays_under_running_until_its_worker_lets_go() -> None:
    task_list = a_list("a")
    claim = claim_one()
    interventions.cancel(task_list.id, "a", actor=ALICE)
    (running,) = [column for column in look(task_list).columns if column.name == "running"]
    assert [(card.key, card.cancelling) for card in running.cards] == [("a", True)]
    from tasks_app.services import leases

    leases.stopped([claim.attempt_id])
    assert cards(look(task_list), "running") == []


def test_the_board_says_why_nothing_moves() -> None:
    task_list = a_list("a")
    assert "No worker is alive" in look(task_list, alive=False).head.notice
    assert look(task_list).head.notice == ""
    task_lists.pause(task_list.id, actor=ALICE)
    assert "Paused" in look(task_list).head.notice
    assert "not started" in look(a_list("a", started=False)).head.notice
    claims.complete(claim_one_of(a_list("b")))
    task_lists.discard(task_list.id, "wrong files", actor=ALICE)
    assert "wrong files" in look(task_list).head.notice


def claim_one_of(task_list: TaskListSnapshot) -> claims.Claim:
    return next(claim for claim in claim_all(a_worker(9)).values() if claim.list_id == task_list.id)


def test_a_board_page_costs_ten_queries_at_most_whatever_the_lists_size(client: Client) -> None:
    client.force_login(User.objects.create_user("alice", is_staff=True))
    counted = []
    for size in (10, 400):
        task_list = a_list(
            *(f"{size}-{n}" for n in range(size)), NewTask(id=f"{size}-gate", requires_approval=True), concurrency=size
        )
        got = list(claim_all(a_worker(size), limit=size // 2).values())
        for n, claim in enumerate(got[2:]):
            claims.complete(claim, "done") if n % 2 else claims.fail(claim, "no")
        with CaptureQueriesContext(connection) as queries:
            response = client.get(f"/lists/{task_list.id}/")
        assert response.status_code == 200
        counted.append(len(queries))
        task_lists.discard(task_list.id, "", actor=ALICE)
    assert counted[0] == counted[1] <= 10
