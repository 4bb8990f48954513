"""Work by hand: an attempt at one task, named by its id."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from tasks_app.conf import conf
from tasks_app.errors import (
    CruxError,
    IllegalTransition,
    TaskListDiscarded,
    TaskListNotFound,
    TaskNotFound,
    ValueRefused,
)
from tasks_app.models import Attempt, Event, Task, TaskListSnapshot, Worker
from tasks_app.services import approvals, claims, hands, interventions, leases, task_lists, tasks, workers
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, a_list, a_worker, check_books, claim_one, kill, kinds, statuses
from tests.together import together

pytestmark = pytest.mark.django_db


def refusal_of(task_list: TaskListSnapshot, task_id: str = "a") -> IllegalTransition:
    """Why nobody can start this task by hand; nothing has changed for it."""
    before = rows()
    with pytest.raises(IllegalTransition) as raised:
        hands.open_attempt(uuid4(), task_list.id, task_id)
    assert rows() == before
    return raised.value


def rows() -> list[Any]:
    """All that work by hand may write."""
    return [list(model.objects.order_by("pk").values()) for model in (Task, Attempt, Event, Worker)]


class TestOpening:
    def test_a_pending_task_is_started_as_a_claim_would(self) -> None:
        by_claim, by_hand = a_list("a", agent="writer"), a_list("a", agent="writer", started=False)
        claimed = claim_one()
        claim, task = hands.open_attempt(uuid4(), by_hand.id, "a")

        assert (claim.number, claim.list_id, claim.task.agent) == (1, by_hand.id, "writer")
        assert (task.status, task.attempt) == (claimed.task.status, claimed.task.attempt)
        assert (task.started_at is None, task.ended_at) == (False, None)
        assert shape(claim.attempt_id) == shape(claimed.attempt_id)
        events = [Event.objects.after(f"list:{each.id}", 0).get(kind="task.started") for each in (by_claim, by_hand)]
        assert events[0].data == events[1].data
        assert {event.actor_kind for event in events} == {"worker"}
        check_books(by_hand)

    def test_its_worker_is_this_process_and_serves_nobody_else(self) -> None:
        task_list, worker = a_list("a", started=False), uuid4()
        claim, _ = hands.open_attempt(worker, task_list.id, "a")
        row = Worker.objects.get(pk=worker)

        assert (row.cluster, row.slots) == ("", 0)
        assert claim.worker == row.name
        assert list(Worker.objects.alive()) == [row]
        assert (workers.alive(), workers.any_alive()) == ([], False)

    def test_one_worker_may_hold_many(self) -> None:
        task_list, worker = a_list("a", "b"), uuid4()
        for task_id in ("a", "b"):
            hands.open_attempt(worker, task_list.id, task_id)
        assert Worker.objects.count() == 1
        assert len(leases.held_by(worker)) == 2

    def test_neither_the_start_of_the_list_nor_its_concurrency_nor_an_agent_is_asked_for(self) -> None:
        task_list = a_list("a", "b", started=False, agent="", concurrency=1)
        for task_id in ("a", "b"):
            hands.open_attempt(uuid4(), task_list.id, task_id)
        assert statuses(task_list) == {"a": "in_progress", "b": "in_progress"}
        check_books(task_list)

    def test_a_task_that_runs_is_declined_and_its_holder_named(self) -> None:
        task_list = a_list("a")
        claim_one(a_worker(7))
        refusal = refusal_of(task_list)

        assert str(refusal) == "Task 'a' is held by host:7; wait for it to end, or cancel it."
        assert (refusal.status, refusal.allowed) == ("in_progress", ())

    def test_what_it_waits_for_is_named(self) -> None:
        task_list = a_list("a", "b", "c", NewTask(id="d", depends_on=["a", "b", "c"]))
        interventions.skip(task_list.id, "b", actor=ALICE)
        assert str(refusal_of(task_list, "d")) == "Task 'd' waits for 'a' and 'c'; end that first."

    def test_of_many_that_it_waits_for_five_are_named(self) -> None:
        ids = [f"t{n}" for n in range(8)]
        task_list = a_list(*ids, NewTask(id="d", depends_on=ids))
        assert "waits for 't0', 't1', 't2', 't3', 't4' and 3 more;" in str(refusal_of(task_list, "d"))

    def test_a_pause_holds_by_hand_too(self) -> None:
        task_list = a_list("a")
        for reason in ("person", "budget"):
            task_lists.pause(task_list.id, actor=ALICE, reason=reason)
        assert "its list is paused (person, budget); resume it first" in str(refusal_of(task_list))

    def test_nothing_starts_before_its_time(self) -> None:
        due = timezone.now() + timedelta(hours=1)
        task_list = a_list(NewTask(id="a", not_before=due), NewTask(id="b", not_before=timezone.now()))
        assert f"may not start before {due.isoformat(timespec='seconds')}" in str(refusal_of(task_list))
        hands.open_attempt(uuid4(), task_list.id, "b")

    def test_a_gate_is_a_persons_to_open(self) -> None:
        task_list = a_list(NewTask(id="a", requires_approval=True))
        refusal = refusal_of(task_list)
        assert (str(refusal), refusal.status) == (
            "Task 'a' awaits approval; a person has to approve it first.",
            "awaiting_approval",
        )
        approvals.approve(task_list.id, "a", actor=ALICE)
        hands.open_attempt(uuid4(), task_list.id, "a")

    @pytest.mark.parametrize("verb", [interventions.cancel, interventions.skip])
    def test_one_that_has_ended_is_to_be_retried(self, verb: Callable[..., Any]) -> None:
        task_list = a_list("a")
        status = verb(task_list.id, "a", actor=ALICE).status
        assert str(refusal_of(task_list)) == f"Task 'a' is already {status}; retry it to run it again."

    def test_unknown_removed_and_discarded_are_told_apart(self) -> None:
        task_list, gone = a_list("a", "b"), a_list("a")
        tasks.remove(task_list.id, "b", actor=ALICE)
        task_lists.discard(gone.id, "", actor=ALICE)
        refused: list[tuple[UUID, str, type[CruxError]]] = [
            (task_list.id, "b", TaskNotFound),
            (task_list.id, "nobody", TaskNotFound),
            (uuid4(), "a", TaskListNotFound),
            (gone.id, "a", TaskListDiscarded),
        ]
        for list_id, task_id, error in refused:
            with pytest.raises(error):
                hands.open_attempt(uuid4(), list_id, task_id)
        assert not Worker.objects.exists()


class TestTheDead:
    def test_what_a_dead_worker_held_is_abandoned_first(self) -> None:
        task_list = a_list("a")
        dead = a_worker()
        claim_one(dead)
        kill(dead)
        claim, _ = hands.open_attempt(uuid4(), task_list.id, "a")

        assert claim.number == 2
        assert [attempt.status for attempt in tasks.attempts_of(task_list.id, "a")] == ["abandoned", "running"]
        assert kinds(task_list)[-2:] == ["task.abandoned", "task.started"]
        check_books(task_list)

    def test_a_task_that_has_cost_too_many_has_failed_by_then(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(conf, "max_abandoned", 1)
        task_list = a_list("a")
        dead = a_worker()
        claim_one(dead)
        kill(dead)
        with pytest.raises(IllegalTransition, match="already failed; retry it"):
            hands.open_attempt(uuid4(), task_list.id, "a")
        assert statuses(task_list) == {"a": "failed"}

    def test_one_that_works_by_hand_and_dies_is_swept_like_any_other(self) -> None:
        task_list, worker = a_list("a"), uuid4()
        claim, _ = hands.open_attempt(worker, task_list.id, "a")
        workers.retire(worker)
        assert leases.sweep() == 1
        again, _ = hands.open_attempt(uuid4(), task_list.id, "a")
        assert again.number == claim.number + 1


class TestEndingAtOnce:
    def test_a_task_never_started_is_recorded_as_started_and_completed(self) -> None:
        task_list = a_list("a", started=False)
        claim, task = hands.complete(uuid4(), task_list.id, "a", {"n": 1})

        assert (task.status, task.result, claim.number) == ("completed", {"n": 1}, 1)
        assert kinds(task_list)[-3:] == ["task.started", "task.completed", "list.finished"]
        (attempt,) = tasks.attempts_of(task_list.id, "a")
        assert (attempt.status, attempt.result) == ("completed", {"n": 1})
        check_books(task_list)

    def test_a_failure_without_a_start_counts_as_one(self) -> None:
        task_list = a_list(NewTask(id="a", max_attempts=2))
        _, task = hands.fail(uuid4(), task_list.id, "a", "no sources")

        assert (task.status, task.feedback) == ("pending", "no sources")
        assert "may not start before" in str(refusal_of(task_list))
        check_books(task_list)

    def test_a_refused_result_leaves_the_task_pending_and_untouched(self) -> None:
        task_list = a_list("a")
        before = rows()
        with pytest.raises(ValueRefused):
            hands.complete(uuid4(), task_list.id, "a", object())
        assert rows() == before
        check_books(task_list)

    @pytest.mark.parametrize("end", [hands.complete, partial(hands.fail, error="x")])
    def test_the_conditions_of_a_start_hold(self, end: Callable[..., Any]) -> None:
        task_list = a_list("a", NewTask(id="b", depends_on=["a"]))
        before = rows()
        with pytest.raises(IllegalTransition, match="waits for 'a'"):
            end(uuid4(), task_list.id, "b")
        assert rows() == before


class TestLettingGo:
    def test_what_runs_is_given_back_and_what_another_ended_is_recorded_as_stopped(self) -> None:
        task_list, worker = a_list("a", "b"), uuid4()
        for task_id in ("a", "b"):
            hands.open_attempt(worker, task_list.id, task_id)
        interventions.cancel(task_list.id, "b", actor=ALICE)
        leases.let_go(leases.held_by(worker), "its worker was let go")

        assert statuses(task_list) == {"a": "pending", "b": "cancelled"}
        assert leases.held_by(worker) == set()
        (attempt,) = tasks.attempts_of(task_list.id, "a")
        assert (attempt.status, attempt.error) == ("released", "its worker was let go")
        check_books(task_list)


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_of_two_hands_at_one_task_one_wins_and_the_other_is_told_who_holds_it(self) -> None:
        for _ in range(10):
            task_list = a_list("a", started=False)
            got = together(*(partial(hands.open_attempt, uuid4(), task_list.id, "a") for _ in range(2)))
            (lost,) = [each for each in got if isinstance(each, CruxError)]
            (name,) = {row.name for row in Worker.objects.all()}
            assert f"is held by {name};" in str(lost)
            check_books(task_list)

    def test_of_a_hand_and_a_claim_one_wins(self) -> None:
        for _ in range(10):
            task_list, worker = a_list("a"), a_worker()
            by_hand, by_claim = together(
                partial(hands.open_attempt, uuid4(), task_list.id, "a"),
                partial(claims.claim, worker.id, 5, idle=True),
            )
            assert isinstance(by_hand, IllegalTransition) == (len(by_claim.claims) == 1)
            assert len(tasks.attempts_of(task_list.id, "a")) == 1
            check_books(task_list)
            task_lists.discard(task_list.id, "", actor=ALICE)

    def test_of_two_hands_after_a_death_one_takes_over(self) -> None:
        for _ in range(5):
            task_list, dead = a_list("a"), a_worker()
            claim_one(dead)
            kill(dead)
            got = together(*(partial(hands.open_attempt, uuid4(), task_list.id, "a") for _ in range(2)))
            assert sum(isinstance(each, CruxError) for each in got) == 1
            assert [each.status for each in tasks.attempts_of(task_list.id, "a")] == ["abandoned", "running"]
            check_books(task_list)


def shape(attempt_id: UUID) -> dict[str, Any]:
    """An attempt's columns, but for those that differ by nature."""
    row: dict[str, Any] = dict(Attempt.objects.filter(pk=attempt_id).values().get())
    return {name: row[name] for name in row.keys() - {"id", "task_id", "worker_id", "worker_name", "started_at"}}
