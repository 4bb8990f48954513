"""Task lists: every verb, and what a discard leaves."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from tasks_app.conf import conf
from tasks_app.errors import PlanNotFound, TaskListDiscarded, TaskListNotFound, ValueRefused
from tasks_app.models import Event, TaskList
from tasks_app.models.columns import new_id
from tasks_app.services import claims, interventions, leases, plans, task_lists, tasks
from tasks_app.services.ledger import open_list
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, PROGRAM, a_list, a_worker, check_books, claim_all, claim_one, kill, kinds, statuses

pytestmark = pytest.mark.django_db


class TestCreate:
    def test_a_new_list_is_empty_pending_not_started_and_never_finished(self) -> None:
        made = task_lists.create("Chapters", actor=ALICE)
        assert (made.title, made.status, made.total, made.finished, made.started_at) == (
            "Chapters",
            "pending",
            0,
            False,
            None,
        )
        assert (made.agent, made.concurrency, made.pauses, made.seq) == ("", conf.list_concurrency, (), 1)
        assert task_lists.get(made.id) == made
        assert kinds(made) == ["list.created"]

    def test_it_keeps_what_it_is_given(self) -> None:
        plan = plans.create("Book", actor=ALICE)
        alice = User.objects.create(username="alice")
        made = task_lists.create(
            " Two\n lines ",
            actor=ALICE,
            agent="writer",
            concurrency=3,
            plan_id=plan.id,
            metadata={"tags": ["a"]},
            created_by=alice,
        )
        assert (made.title, made.agent, made.concurrency, made.plan_id) == ("Two lines", "writer", 3, plan.id)
        assert (made.metadata, made.created_by_id) == ({"tags": ["a"]}, alice.pk)
        assert task_lists.get(made.id) == made

    def test_a_long_title_is_cut(self) -> None:
        assert task_lists.create("x" * 300, actor=ALICE).title == "x" * 199 + "…"

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"title": " \n"}, "needs a title"),
            ({"concurrency": 0}, "from 1 to 100,000, not 0"),
            ({"concurrency": 100_001}, "from 1 to 100,000"),
            ({"metadata": {"a": {1}}}, "metadata is not JSON"),
            ({"metadata": {"a": "x" * 300_000}}, "at most 262,144"),
            ({"agent": "x" * 101}, "agent"),
            ({"agent": "a\x00"}, "agent"),
        ],
    )
    def test_what_cannot_be_is_refused_and_nothing_written(self, options: dict[str, Any], words: str) -> None:
        given: dict[str, Any] = {"title": "Chapters", "actor": ALICE, **options}
        with pytest.raises(ValueRefused, match=words):
            task_lists.create(**given)
        assert not TaskList.objects.exists()
        assert not Event.objects.exists()

    def test_a_plan_that_does_not_exist_is_named(self) -> None:
        missing = new_id()
        with pytest.raises(PlanNotFound, match=str(missing)):
            task_lists.create("Chapters", actor=ALICE, plan_id=missing)
        assert not TaskList.objects.exists()


@pytest.mark.django_db
def test_a_list_belongs_to_who_made_it_or_to_nobody() -> None:
    alice = User.objects.create_user("alice")

    assert task_lists.creator_of(a_list(created_by=alice).id) == alice
    assert task_lists.creator_of(a_list().id) is None
    with pytest.raises(TaskListNotFound):
        task_lists.creator_of(new_id())


class TestHold:
    def test_starting_twice_is_starting_once(self) -> None:
        made = task_lists.create("Chapters", actor=ALICE)
        first = task_lists.start(made.id, actor=ALICE)
        assert first.started_at is not None
        assert task_lists.start(made.id, actor=PROGRAM).started_at == first.started_at
        assert kinds(made) == ["list.created", "list.started"]

    def test_reasons_to_pause_are_a_set(self) -> None:
        made = a_list()
        task_lists.pause(made.id, actor=ALICE)
        task_lists.pause(made.id, actor=PROGRAM)
        assert task_lists.pause(made.id, actor=PROGRAM, reason="budget").pauses == ("person", "budget")
        assert task_lists.resume(made.id, actor=ALICE).pauses == ("budget",)
        assert task_lists.resume(made.id, actor=ALICE).pauses == ("budget",)
        assert task_lists.resume(made.id, actor=ALICE, reason="budget").pauses == ()
        assert kinds(made)[-4:] == ["list.paused", "list.paused", "list.resumed", "list.resumed"]

    def test_a_change_of_concurrency_says_from_what_to_what(self) -> None:
        made = a_list(concurrency=3)
        assert task_lists.set_concurrency(made.id, 5, actor=ALICE).concurrency == 5
        assert task_lists.set_concurrency(made.id, 5, actor=ALICE).concurrency == 5
        assert task_lists.set_concurrency(made.id, None, actor=ALICE).concurrency == conf.list_concurrency
        changes = [event.data["concurrency"] for event in Event.objects.filter(kind="list.changed")]
        assert changes == [{"before": 3, "after": 5}, {"before": 5, "after": None}]

    def test_a_smaller_concurrency_lets_what_runs_finish(self) -> None:
        task_list = a_list("a", "b", "c")
        worker = a_worker()
        got = claim_all(worker, limit=2)
        task_lists.set_concurrency(task_list.id, 1, actor=ALICE)
        claims.complete(got["a"])
        assert claim_all(worker) == {}
        claims.complete(got["b"])
        assert set(claim_all(worker)) == {"c"}

    @pytest.mark.parametrize("concurrency", [0, -1, 100_001])
    def test_a_concurrency_out_of_bounds_is_refused(self, concurrency: int) -> None:
        made = a_list(concurrency=3)
        with pytest.raises(ValueRefused, match="concurrency"):
            task_lists.set_concurrency(made.id, concurrency, actor=ALICE)
        assert task_lists.get(made.id).concurrency == 3

    def test_something_is_runnable_where_a_started_list_has_a_pending_task_and_room(self) -> None:
        assert not task_lists.any_runnable()
        task_list = a_list("a", "b", started=False, concurrency=1)
        assert not task_lists.any_runnable()
        task_lists.start(task_list.id, actor=ALICE)
        assert task_lists.any_runnable()
        task_lists.pause(task_list.id, actor=ALICE)
        assert not task_lists.any_runnable()
        task_lists.resume(task_list.id, actor=ALICE)
        claim = claim_one()
        assert not task_lists.any_runnable()
        claims.complete(claim)
        assert task_lists.any_runnable()
        claims.complete(claim_one())
        assert not task_lists.any_runnable()


@pytest.mark.parametrize(
    "verb",
    [
        task_lists.start,
        task_lists.pause,
        task_lists.resume,
        lambda list_id, actor: task_lists.set_concurrency(list_id, 1, actor=actor),
        lambda list_id, actor: task_lists.discard(list_id, "", actor=actor),
        lambda list_id, actor: task_lists.get(list_id),
    ],
    ids=["start", "pause", "resume", "set_concurrency", "discard", "get"],
)
def test_an_unknown_list_is_named(verb: Any) -> None:
    missing = new_id()
    with pytest.raises(TaskListNotFound, match=str(missing)):
        verb(missing, actor=ALICE)


class TestDiscard:
    def test_it_cancels_what_has_not_ended_and_refuses_more(self) -> None:
        behind = NewTask(id="behind", depends_on=["waiting"])
        task_list = a_list("done", "running", "waiting", behind, concurrency=2)
        worker = a_worker()
        got = claim_all(worker)
        claims.complete(got["done"])
        after = task_lists.discard(task_list.id, "wrong corpus", actor=ALICE)
        assert (after.status, after.finished, after.discard_reason) == ("discarded", True, "wrong corpus")
        cancelled = dict.fromkeys(("running", "waiting", "behind"), "cancelled")
        assert statuses(task_list) == {"done": "completed"} | cancelled
        assert leases.fenced(worker.id) == [got["running"].attempt_id]
        with pytest.raises(TaskListDiscarded, match="was discarded"):
            tasks.add_many(task_list.id, [NewTask(id="more")], actor=ALICE)
        assert kinds(task_list).count("list.finished") == 1
        check_books(task_list)

    def test_discarding_again_keeps_the_first_reason_and_changes_nothing(self) -> None:
        task_list = a_list("a")
        first = task_lists.discard(task_list.id, "wrong corpus", actor=ALICE)
        assert task_lists.discard(task_list.id, "again", actor=PROGRAM) == first

    @pytest.mark.parametrize(
        "verb",
        [
            task_lists.start,
            task_lists.pause,
            task_lists.resume,
            lambda list_id, actor: task_lists.set_concurrency(list_id, 1, actor=actor),
            lambda list_id, actor: interventions.retry(list_id, "a", actor=actor),
            lambda list_id, actor: interventions.cancel(list_id, "a", actor=actor),
            lambda list_id, actor: interventions.skip(list_id, "a", actor=actor),
            lambda list_id, actor: tasks.remove(list_id, "a", actor=actor),
        ],
        ids=["start", "pause", "resume", "set_concurrency", "retry", "cancel", "skip", "remove"],
    )
    def test_every_later_change_is_refused_and_reading_goes_on(self, verb: Any) -> None:
        task_list = a_list("a")
        after = task_lists.discard(task_list.id, "", actor=ALICE)
        with pytest.raises(TaskListDiscarded, match="'Chapters' was discarded"):
            verb(task_list.id, actor=ALICE)
        assert task_lists.get(task_list.id) == after
        assert tasks.get(task_list.id, "a").status == "cancelled"

    def test_an_empty_list_is_discarded_and_finished(self) -> None:
        after = task_lists.discard(a_list().id, "", actor=ALICE)
        assert (after.status, after.finished) == ("discarded", True)

    def test_gates_are_closed_with_it(self) -> None:
        task_list = a_list(NewTask(id="a", requires_approval=True))
        task_lists.discard(task_list.id, "", actor=ALICE)
        assert statuses(task_list) == {"a": "cancelled"}


class TestCutShort:
    """A discard whose process was killed after the list was closed, or between two chunks of its tasks."""

    def cut(self, task_list_id: Any, monkeypatch: pytest.MonkeyPatch, transactions: int) -> None:
        real, left = open_list, [transactions]

        def dying(*args: Any, **kwargs: Any) -> Any:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            return real(*args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(task_lists, "open_list", dying)
            with pytest.raises(KeyboardInterrupt):
                task_lists.discard(task_list_id, "wrong corpus", actor=ALICE)

    @pytest.mark.parametrize("transactions", [1, 2, 3])
    def test_the_sweep_goes_on_with_it(self, monkeypatch: pytest.MonkeyPatch, transactions: int) -> None:
        monkeypatch.setattr(task_lists, "CHUNK", 2)
        task_list = a_list(*"abcde", NewTask(id="gate", requires_approval=True), concurrency=2)
        worker = a_worker()
        got = claim_all(worker)
        self.cut(task_list.id, monkeypatch, transactions)
        assert task_lists.get(task_list.id).finished
        assert "cancelled" not in statuses(task_list).values() or transactions > 1
        assert claim_all(worker) == {}
        leases.sweep()
        assert set(statuses(task_list).values()) == {"cancelled"}
        assert sorted(leases.fenced(worker.id)) == sorted(claim.attempt_id for claim in got.values())
        assert kinds(task_list).count("list.finished") == 1
        check_books(task_list)

    def test_so_it_does_when_the_worker_died_with_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        task_list = a_list("a", "b", concurrency=1)
        worker = a_worker()
        claim_one(worker)
        self.cut(task_list.id, monkeypatch, 1)
        kill(worker)
        leases.sweep()
        assert set(statuses(task_list).values()) == {"cancelled"}
        check_books(task_list)
