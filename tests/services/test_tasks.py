"""Adding, looking at and removing tasks."""

import pytest

from tasks_app.conf import conf
from tasks_app.errors import (
    DependencyRefused,
    DuplicateTaskId,
    IllegalTransition,
    TaskListNotFound,
    TaskNotFound,
    ValueRefused,
)
from tasks_app.models import Task, TaskListSnapshot
from tasks_app.models.columns import new_id
from tasks_app.services import claims, interventions, tasks
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, a_list, a_worker, check_books, claim_all, claim_one, statuses

pytestmark = pytest.mark.django_db


def test_tasks_keep_the_order_in_which_they_were_added() -> None:
    task_list = a_list("b", "a", started=False)
    tasks.add_many(task_list.id, [NewTask(id="c")], actor=ALICE)
    rows = Task.objects.filter(task_list=task_list.id).order_by("position")
    assert [(task.key, task.position) for task in rows] == [("b", 1), ("a", 2), ("c", 3)]
    check_books(task_list)


def test_a_task_without_a_label_shows_its_id() -> None:
    task_list = a_list(NewTask(id="notes/one.md"))
    assert tasks.get(task_list.id, "notes/one.md").label == "notes/one.md"


def test_a_batch_is_added_whole_or_not_at_all() -> None:
    task_list = a_list("a")
    with pytest.raises(DuplicateTaskId, match="'a' is taken"):
        tasks.add_many(task_list.id, [NewTask(id="b"), NewTask(id="a")], actor=ALICE)
    with pytest.raises(DuplicateTaskId, match="twice"):
        tasks.add_many(task_list.id, [NewTask(id="c"), NewTask(id="c")], actor=ALICE)
    assert statuses(task_list) == {"a": "pending"}
    check_books(task_list)


def test_a_removed_task_keeps_its_id() -> None:
    task_list = a_list("a", "b")
    tasks.remove(task_list.id, "a", actor=ALICE)
    with pytest.raises(TaskNotFound):
        tasks.get(task_list.id, "a")
    with pytest.raises(DuplicateTaskId):
        tasks.add_many(task_list.id, [NewTask(id="a")], actor=ALICE)
    check_books(task_list)


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (NewTask(id=""), "1 to 200 characters"),
        (NewTask(id="x" * 201), "1 to 200 characters"),
        (NewTask(id=" x"), "blanks"),
        (NewTask(id="a\x00b"), "1 to 200"),
        (NewTask(id="x", input={"a": {1, 2}}), "not JSON"),
        (NewTask(id="x", input=float("nan")), "not JSON"),
        (NewTask(id="x", input="a\x00b"), "NUL"),
        (NewTask(id="x", input="\ud800"), "surrogate"),
        (NewTask(id="x", input="x" * 300_000), "at most 262,144"),
        (NewTask(id="x", max_attempts=0), "from 1 to 1,000,000"),
        (NewTask(id="x", max_attempts=2**40), "from 1 to 1,000,000"),
        (NewTask(id="x", agent="x" * 101), "The agent of task 'x' is a name of at most 100"),
        (NewTask(id="x", model="m" * 201), "The model of task 'x' is a name of at most 200"),
        (NewTask(id="x", model="m\x00"), "The model of task 'x'"),
        (NewTask(id="x", priority=2**40), "to 2,147,483,647, not 1099511627776"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_name(task: NewTask, words: str) -> None:
    task_list = a_list()
    with pytest.raises(ValueRefused, match=words):
        tasks.add_many(task_list.id, [task], actor=ALICE)
    assert statuses(task_list) == {}


def test_a_backslash_before_u0000_is_text_and_is_kept() -> None:
    task_list = a_list(NewTask(id="a", input="\\u0000"))
    assert tasks.get(task_list.id, "a").input == "\\u0000"


def test_an_unknown_list_is_named() -> None:
    missing = new_id()
    with pytest.raises(TaskListNotFound, match=str(missing)):
        tasks.add_many(missing, [NewTask(id="a")], actor=ALICE)


def test_more_tasks_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "max_batch_tasks", 1)
    with pytest.raises(ValueRefused, match="at most 1 "):
        a_list("a", "b")


def test_a_running_task_is_cancelled_before_it_is_removed() -> None:
    task_list = a_list("a")
    claim_one()
    with pytest.raises(IllegalTransition, match="cancel it first"):
        tasks.remove(task_list.id, "a", actor=ALICE)


class TestParents:
    def test_a_parent_is_a_task_of_the_list_or_of_the_same_batch(self) -> None:
        task_list = a_list("root")
        new = [NewTask(id="leaf", parent="inner"), NewTask(id="inner", parent="root"), NewTask(id="alone")]
        tasks.add_many(task_list.id, new, actor=ALICE)
        assert parents(task_list) == {"root": None, "leaf": "inner", "inner": "root", "alone": None}
        check_books(task_list)

    def test_a_parent_is_not_waited_for(self) -> None:
        a_list(NewTask(id="root"), NewTask(id="leaf", parent="root"))
        assert set(claim_all(a_worker())) == {"root", "leaf"}

    @pytest.mark.parametrize(
        ("new", "words"),
        [
            ([NewTask(id="a", parent="a")], "'a' is its own parent"),
            ([NewTask(id="a", parent="b"), NewTask(id="b", parent="a")], "go in a circle: 'a' → 'b' → 'a'"),
            ([NewTask(id="a", parent="never")], "The parent of task 'a' is 'never', which the list does not have"),
            ([NewTask(id="a", parent="gone")], "The parent of task 'a' is 'gone', which"),
            ([NewTask(id="a", parent="elsewhere")], "The parent of task 'a' is 'elsewhere', which"),
        ],
    )
    def test_a_parent_that_cannot_be_is_named_and_nothing_is_added(self, new: list[NewTask], words: str) -> None:
        a_list("elsewhere")
        task_list = a_list("gone")
        tasks.remove(task_list.id, "gone", actor=ALICE)
        with pytest.raises(DependencyRefused, match=words):
            tasks.add_many(task_list.id, new, actor=ALICE)
        assert statuses(task_list) == {}
        check_books(task_list)


def parents(task_list: TaskListSnapshot) -> dict[str, str | None]:
    return dict(Task.objects.filter(task_list=task_list.id).values_list("key", "parent__key"))


class TestLooking:
    def test_the_present_tasks_come_by_position(self) -> None:
        task_list = a_list("b", "gone", "a")
        tasks.remove(task_list.id, "gone", actor=ALICE)
        found = tasks.all_of(task_list.id)
        assert [task.id for task in found] == ["b", "a"]
        assert found[0] == tasks.get(task_list.id, "b")

    def test_a_window_is_of_one_status_and_begins_past_a_position(self) -> None:
        task_list = a_list("a", "b", "c", "d", concurrency=1)
        claims.complete(claim_one())

        def ids(status: str | None, after: int, limit: int) -> list[str]:
            return [task.id for task in tasks.window(task_list.id, status=status, after=after, limit=limit)]

        assert ids(None, 0, 3) == ["a", "b", "c"]
        assert ids(None, 3, 3) == ["d"]
        assert ids("pending", 0, 2) == ["b", "c"]
        assert ids("pending", 3, 2) == ["d"]
        assert ids("completed", 0, 2) == ["a"]
        assert ids("failed", 0, 2) == []

    def test_an_empty_list_has_no_tasks_and_one_that_is_not_there_is_named(self) -> None:
        assert tasks.all_of(a_list().id) == []
        missing = new_id()
        with pytest.raises(TaskListNotFound, match=str(missing)):
            tasks.all_of(missing)
        with pytest.raises(TaskListNotFound, match=str(missing)):
            tasks.window(missing, status=None, after=0, limit=1)

    def test_the_first_pending_tasks_nobody_is_named_for_are_told(self) -> None:
        task_list = a_list(NewTask(id="own", agent="writer"), *map(str, range(7)), "off", agent="")
        tasks.remove(task_list.id, "0", actor=ALICE)
        interventions.cancel(task_list.id, "off", actor=ALICE)
        assert tasks.without_agent(task_list.id) == ["1", "2", "3", "4", "5"]
        assert tasks.without_agent(a_list("a", agent="writer").id) == []


def test_what_is_added_is_told_as_it_stands_then() -> None:
    task_list = a_list("a")
    claims.fail(claim_one(), "no")
    new = [NewTask(id="b", depends_on=["a"]), NewTask(id="c", requires_approval=True), NewTask(id="d")]
    added = tasks.add_many(task_list.id, new, actor=ALICE)
    assert [(task.id, task.status) for task in added] == [
        ("b", "skipped"),
        ("c", "awaiting_approval"),
        ("d", "pending"),
    ]
