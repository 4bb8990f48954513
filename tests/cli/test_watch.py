"""`crux watch`: a list followed to its end."""

import io
from collections.abc import Callable

import pytest

from tasks_app.cli import following
from tasks_app.errors import TaskListNotFound
from tasks_app.models.columns import new_id
from tasks_app.services import claims, task_lists, tasks
from tasks_app.services.claims import Claim
from tests.builders import ALICE, a_list, a_worker, claim_all
from tests.cli.conftest import Work
from tests.cli.console import Console

pytestmark = pytest.mark.django_db

AtWork = Callable[[Work], None]


def complete(claim: Claim) -> None:
    claims.complete(claim, claim.task.input)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_watch_follows_a_list_to_its_end(crux: Console, at_work: AtWork) -> None:
    at_work(complete)
    task_list = a_list("a", "b")
    answer = crux("watch", task_list.id)
    assert answer.code == 0
    assert answer.out.splitlines()[-1].startswith("2 of 2 completed · ")
    assert crux("watch", task_list.id).code == 0, "a finished one at once"


def test_watch_says_what_holds_a_list(crux: Console, at_work: AtWork) -> None:
    task_list = a_list("a", started=False)
    task_lists.pause(task_list.id, reason="budget", actor=ALICE)
    lines: list[str] = []

    class Log(io.StringIO):
        def write(self, text: str) -> int:
            lines.append(text.strip())
            if "not started" in text:
                task_lists.start(task_list.id, actor=ALICE)
            elif "paused" in text:
                task_lists.discard(task_list.id, "enough", actor=ALICE)
            return len(text)

    following.follow(task_list.id, Log())
    assert lines == [
        "0 of 1 completed · not started",
        "0 of 1 completed · paused (budget)",
        "0 of 1 completed · 1 cancelled · discarded",
    ]


def test_watching_an_empty_list_returns_at_once(crux: Console) -> None:
    assert crux("watch", a_list().id).code == 0


def test_watching_or_exporting_what_is_no_list_is_misuse(crux: Console) -> None:
    for verb in ("watch", "export"):
        unknown, nonsense = crux(verb, new_id()), crux(verb, "nonsense")
        assert (unknown.code, nonsense.code) == (2, 2)
        assert unknown.err.startswith("crux: There is no task list")
        assert "invalid UUID" in nonsense.err


def test_on_a_terminal_there_is_a_bar_whatever_the_title_looks_like(at_work: AtWork) -> None:
    at_work(complete)
    task_list = task_lists.create("[/x] odd", agent="writer", actor=ALICE)
    tasks.add_many(task_list.id, [tasks.NewTask(id="a"), tasks.NewTask(id="b")], actor=ALICE)
    task_lists.start(task_list.id, actor=ALICE)
    terminal = Terminal()
    assert following.follow(task_list.id, terminal).finished
    assert "[/x] odd" in terminal.getvalue()
    assert "2 of 2 completed" in terminal.getvalue()


def test_following_asks_one_query_a_look(at_work: AtWork, django_assert_num_queries: Callable[..., object]) -> None:
    task_list = a_list("a")
    for claim in claim_all(a_worker(2)).values():
        complete(claim)
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        following.follow(task_list.id, io.StringIO())
    with pytest.raises(TaskListNotFound):
        following.follow(new_id(), io.StringIO())
