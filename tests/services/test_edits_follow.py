"""What follows from an edit: for what waits, for gates, for claims."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tasks_app.errors import DependencyRefused, IllegalTransition, ValueRefused
from tasks_app.models import Task
from tasks_app.rules.statuses import By
from tasks_app.services import approvals, claims, dependencies, interventions, tasks
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, a_list, a_worker, check_books, claim_all, claim_one, kinds, statuses
from tests.services.editing import WORK, changed, edit

pytestmark = pytest.mark.django_db


class TestDependencies:
    def test_a_task_may_wait_for_others_than_it_did(self) -> None:
        task_list = a_list("x", "y", NewTask(id="a", depends_on=["x"]))
        task = edit(task_list, depends_on=["y", "y"])
        assert task.waiting_for == 1
        assert changed(task_list) == [{"changes": {"depends_on": {"before": ["x"], "after": ["y"]}}}]
        worker = a_worker()
        got = claim_all(worker)
        assert set(got) == {"x", "y"}
        claims.complete(got["x"])
        assert claim_all(worker) == {}
        claims.complete(got["y"])
        assert set(claim_all(worker)) == {"a"}

    def test_the_first_dependency_of_a_list_is_heeded(self) -> None:
        task_list = a_list("x", "a", "b")
        edit(task_list, depends_on=["x"])
        edit(task_list, "b", depends_on=["a"])
        claims.fail(claim_all(a_worker())["x"], "no")
        assert statuses(task_list) == {"x": "failed", "a": "skipped", "b": "skipped"}
        check_books(task_list)

    def test_a_task_that_waits_for_nobody_any_more_is_claimable_at_once(self) -> None:
        task_list = a_list("x", NewTask(id="a", depends_on=["x"]))
        assert edit(task_list, depends_on=[]).waiting_for == 0
        assert set(claim_all(a_worker())) == {"x", "a"}

    def test_what_has_ended_well_is_not_waited_for(self) -> None:
        task_list = a_list("x", "y", "a", concurrency=1)
        claims.complete(claim_one())
        assert edit(task_list, depends_on=["x", "y"]).waiting_for == 1
        assert edit(task_list, depends_on=["x"]).waiting_for == 0

    def test_a_task_put_behind_a_failed_one_is_skipped_with_all_behind_it(self) -> None:
        task_list = a_list("x", "a", NewTask(id="b", depends_on=["a"]), concurrency=1)
        claims.fail(claim_one(), "no")
        task = edit(task_list, depends_on=["x"])
        assert (task.status, task.skip_reason) == ("skipped", "its dependency 'x' failed")
        assert tasks.get(task_list.id, "a") == task
        assert statuses(task_list) == {"x": "failed", "a": "skipped", "b": "skipped"}
        interventions.retry(task_list.id, "x", actor=ALICE)
        assert statuses(task_list) == {"x": "pending", "a": "pending", "b": "pending"}
        check_books(task_list)

    def test_the_gate_stands_once_there_is_nobody_left_to_wait_for(self) -> None:
        task_list = a_list("x", NewTask(id="a", depends_on=["x"], requires_approval=True))
        assert edit(task_list, depends_on=[]).status == "awaiting_approval"
        assert kinds(task_list)[-2:] == ["task.changed", "task.awaiting_approval"]

    def test_a_circle_is_named(self) -> None:
        task_list = a_list("a", NewTask(id="b", depends_on=["a"]), NewTask(id="c", depends_on=["b"]))
        with pytest.raises(DependencyRefused, match="'a' → 'c' → 'b' → 'a'"):
            edit(task_list, label="Intro", depends_on=["c"])
        with pytest.raises(DependencyRefused, match="'a' depends on itself"):
            edit(task_list, depends_on=["a"])
        assert dependencies.of(Task.objects.get(task_list=task_list.id, key="a")) == []
        assert changed(task_list) == []

    def test_an_edge_that_goes_makes_room_for_the_other_way_round(self) -> None:
        task_list = a_list("a", NewTask(id="b", depends_on=["a"]))
        edit(task_list, "b", depends_on=[])
        assert edit(task_list, "a", depends_on=["b"]).waiting_for == 1

    def test_one_that_is_not_there_is_named(self) -> None:
        task_list = a_list("a", "gone")
        tasks.remove(task_list.id, "gone", actor=ALICE)
        a_list("elsewhere")
        for missing in ("gone", "elsewhere"):
            with pytest.raises(DependencyRefused, match=f"'a' depends on '{missing}', which"):
                edit(task_list, depends_on=[missing])

    def test_it_may_change_only_while_the_task_is_pending(self) -> None:
        task_list = a_list("x", "run", "done", "off", NewTask(id="gate", requires_approval=True))
        got = claim_all(a_worker())
        claims.complete(got["done"])
        interventions.cancel(task_list.id, "off", actor=ALICE)
        for task_id in ("done", "off", "gate"):
            with pytest.raises(IllegalTransition, match="only while it is pending"):
                edit(task_list, task_id, depends_on=["x"])
        with pytest.raises(IllegalTransition, match="cancel it first"):
            edit(task_list, "run", depends_on=["x"])

    def test_a_task_that_is_not_waited_for_any_more_may_be_removed(self) -> None:
        task_list = a_list("x", NewTask(id="a", depends_on=["x"]))
        edit(task_list, depends_on=[])
        tasks.remove(task_list.id, "x", actor=ALICE)
        assert statuses(task_list) == {"a": "pending"}


class TestGates:
    def test_an_agent_does_not_touch_a_task_that_waits_for_approval(self) -> None:
        task_list = a_list(NewTask(id="a", requires_approval=True))
        others: list[dict[str, Any]] = [{"label": "Intro"}, {"status": "skipped"}, {"status": "awaiting_approval"}, {}]
        for change in (*WORK, *others):
            with pytest.raises(IllegalTransition, match="awaits approval") as refusal:
                edit(task_list, by=By.AGENT, **change)
            assert (refusal.value.status, refusal.value.allowed) == ("awaiting_approval", ())
        assert edit(task_list, by=By.HANDLE, input="shorter").input == "shorter"
        assert edit(task_list, by=By.HANDLE, status="skipped").status == "skipped"

    def test_an_approval_is_of_the_input_and_goes_with_it(self) -> None:
        task_list = a_list(NewTask(id="a", requires_approval=True))
        approvals.approve(task_list.id, "a", actor=ALICE)
        assert edit(task_list, label="Intro", agent="editor").status == "pending"
        assert edit(task_list, by=By.AGENT, input="other").status == "awaiting_approval"
        assert claim_all(a_worker()) == {}
        approvals.approve(task_list.id, "a", actor=ALICE)
        assert claim_one().task.input == "other"

    def test_a_task_without_a_gate_gets_none_by_an_edit(self) -> None:
        task_list = a_list("a")
        assert edit(task_list, input="other").status == "pending"

    def test_a_retry_after_a_failure_keeps_the_approval_unless_the_input_was_edited(self) -> None:
        task_list = a_list(NewTask(id="a", requires_approval=True))
        approvals.approve(task_list.id, "a", actor=ALICE)
        claims.fail(claim_one(), "no")
        edit(task_list, label="Intro")
        assert interventions.retry(task_list.id, "a", actor=ALICE).status == "pending"
        claims.fail(claim_one(), "no")
        assert edit(task_list, input="other").status == "failed"
        assert interventions.retry(task_list.id, "a", actor=ALICE).status == "awaiting_approval"
        check_books(task_list)

    def test_a_policy_retry_whose_input_was_edited_asks_anew(self) -> None:
        task_list = a_list(NewTask(id="a", requires_approval=True, max_attempts=3))
        approvals.approve(task_list.id, "a", actor=ALICE)
        claims.fail(claim_one(), "too long")
        task = edit(task_list, input="shorter")
        assert (task.status, task.feedback) == ("awaiting_approval", "too long")


class TestClaims:
    def test_a_task_that_got_an_agent_is_claimable_at_once(self) -> None:
        task_list = a_list("a", agent="")
        assert tasks.without_agent(task_list.id) == ["a"]
        assert claim_all(a_worker()) == {}
        edit(task_list, agent="writer")
        assert tasks.without_agent(task_list.id) == []
        assert claim_one().task.agent == "writer"

    def test_a_task_without_an_agent_of_its_own_has_its_lists_again(self) -> None:
        task_list = a_list(NewTask(id="a", agent="editor"))
        edit(task_list, agent="", model="small")
        claim = claim_one()
        assert (claim.task.agent, claim.task.model) == ("writer", "small")

    def test_priority_moves_a_task_to_the_front(self) -> None:
        task_list = a_list("x", "y", "a")
        edit(task_list, priority=1)
        worker = a_worker()
        assert [claim_one(worker).task.id for _ in range(3)] == ["a", "x", "y"]

    def test_a_task_waits_for_its_new_time_and_no_longer(self) -> None:
        task_list = a_list("a")
        edit(task_list, not_before=timezone.now() + timedelta(hours=1))
        assert claim_all(a_worker()) == {}
        edit(task_list, not_before=timezone.now())
        assert set(claim_all(a_worker())) == {"a"}

    def test_more_tries_count_from_the_next_failure(self) -> None:
        task_list = a_list(NewTask(id="a", max_attempts=2))
        claims.fail(claim_one(), "no")
        edit(task_list, max_attempts=3, not_before=None)
        assert claims.fail(claim_one(), "still").status == "pending"

    def test_a_task_that_waits_for_its_next_try_is_not_left_without_one(self) -> None:
        task_list = a_list(NewTask(id="a", max_attempts=3))
        claims.fail(claim_one(), "no")
        with pytest.raises(ValueRefused, match="A max_attempts of 1 leaves task 'a' no try"):
            edit(task_list, max_attempts=1, label="Intro")
        edit(task_list, max_attempts=2, not_before=None)
        assert claims.fail(claim_one(), "still").status == "failed"
        assert edit(task_list, max_attempts=1).max_attempts == 1
