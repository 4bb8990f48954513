"""Changing what a task is: all of it or none, as its status lets it be."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from tasks_app.errors import IllegalTransition, TaskListDiscarded, TaskListNotFound, TaskNotFound, ValueRefused
from tasks_app.models import Event
from tasks_app.models.columns import new_id
from tasks_app.rules.statuses import By
from tasks_app.services import claims, edits, interventions, leases, task_lists, tasks
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, PROGRAM, a_list, a_worker, claim_one, kinds, statuses
from tests.services.editing import TOMORROW, WORK, changed, edit

pytestmark = pytest.mark.django_db

EVERYTHING: dict[str, Any] = {
    "label": "Intro",
    "description": "Two pages.",
    "input": {"pages": 2},
    "agent": "editor",
    "model": "small",
    "priority": 3,
    "max_attempts": 4,
    "not_before": TOMORROW,
    "metadata": {"tone": "dry"},
}


class TestWhatIsChanged:
    def test_a_waiting_task_may_be_changed_in_all_it_is(self) -> None:
        task_list = a_list("a")
        task = edit(task_list, **EVERYTHING)
        assert {name: getattr(task, name) for name in EVERYTHING} == EVERYTHING
        assert tasks.get(task_list.id, "a") == task

    def test_what_is_not_given_stays(self) -> None:
        task_list = a_list(NewTask(id="a", label="Intro", input=1, metadata={"tone": "dry"}))
        task = edit(task_list, description="Two pages.")
        assert (task.label, task.input, task.metadata) == ("Intro", 1, {"tone": "dry"})

    def test_what_changed_is_on_record_with_who_and_why(self) -> None:
        task_list = a_list(NewTask(id="a", label="Intro", not_before=TOMORROW))
        task = edit(task_list, label="Outro", input={"pages": 2}, not_before=None, reason="the plan changed")
        event = Event.objects.get(topic=f"list:{task_list.id}", kind="task.changed")
        assert (event.task, event.actor_kind, event.actor_name, event.seq) == ("a", "program", "importer", task.seq)
        assert event.data == {
            "changes": {
                "label": {"before": "Intro", "after": "Outro"},
                "input": {"before": None, "after": {"pages": 2}},
                "not_before": {"before": "2100-01-01T00:00:00+00:00", "after": None},
            },
            "reason": "the plan changed",
        }

    def test_large_values_are_cut_on_record_and_whole_in_the_row(self) -> None:
        task_list = a_list(NewTask(id="a", input="x" * 400))
        edit(task_list, input=["y" * 600], description="z" * 600)
        (data,) = changed(task_list)
        assert data["changes"]["input"] == {"before": "x" * 400, "after": '["' + "y" * 497 + "…"}
        assert data["changes"]["description"]["after"] == "z" * 499 + "…"
        assert tasks.get(task_list.id, "a").input == ["y" * 600]

    @pytest.mark.parametrize(
        "same",
        [
            {},
            {"reason": "no reason"},
            {"label": " Intro ", "input": {"b": 1, "a": [2]}, "metadata": {}, "priority": 0, "depends_on": ["y", "x"]},
            {"not_before": TOMORROW.astimezone(timezone.get_fixed_timezone(60))},
            {"status": "pending"},
        ],
    )
    def test_where_nothing_changes_nothing_is_written(self, same: dict[str, Any]) -> None:
        first = NewTask(id="a", label="Intro", input={"a": [2], "b": 1}, not_before=TOMORROW, depends_on=["x", "y"])
        task_list = a_list(first, "x", "y")
        before, seen = tasks.get(task_list.id, "a"), kinds(task_list)
        assert edit(task_list, **same) == before
        assert kinds(task_list) == seen
        assert tasks.get(task_list.id, "a") == before

    @pytest.mark.parametrize(("before", "after"), [(1, True), (0, False), (None, False), ("1", 1), ([], {})])
    def test_values_that_python_takes_for_equal_are_a_change(self, before: Any, after: Any) -> None:
        task_list = a_list(NewTask(id="a", input=before))
        assert edit(task_list, input=after).input is after or after == {}
        assert len(changed(task_list)) == 1

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"input": {1, 2}}, "The input of task 'a' is not JSON"),
            ({"input": "x" * 300_000}, "at most 262,144"),
            ({"metadata": {"a": "\x00"}}, "The metadata of task 'a' holds a NUL"),
            ({"agent": "x" * 101}, "The agent of task 'a' is a name of at most 100"),
            ({"model": "m\x00"}, "The model of task 'a'"),
            ({"priority": 2**31}, "The priority of task 'a' is a whole number from -2,147,483,647 to"),
            ({"max_attempts": 0}, "The max_attempts of task 'a' is a whole number from 1 to 1,000,000, not 0"),
            ({"not_before": datetime(2100, 1, 1)}, "has no time zone"),
            ({"parent": "b"}, "A task has no 'parent' to change; what may be given: label, "),
        ],
    )
    def test_what_cannot_be_stored_is_refused_as_it_is_when_tasks_are_added(
        self, wrong: dict[str, Any], words: str
    ) -> None:
        task_list = a_list("a")
        with pytest.raises(ValueRefused, match=words):
            edit(task_list, label="Intro", **wrong)
        assert (tasks.get(task_list.id, "a").label, changed(task_list)) == ("a", [])

    def test_a_label_of_blanks_is_the_id_again(self) -> None:
        task_list = a_list(NewTask(id="a", label="Intro"))
        assert edit(task_list, label=" \n").label == "a"


class TestWhenItMayBeChanged:
    @pytest.mark.parametrize("work", WORK)
    def test_the_work_of_a_running_task_is_not_changed_under_its_worker(self, work: dict[str, Any]) -> None:
        task_list = a_list("a")
        claim = claim_one()
        with pytest.raises(IllegalTransition, match=f"in progress, so the {next(iter(work))} .* cancel it first"):
            edit(task_list, label="Intro", **work)
        assert tasks.get(task_list.id, "a").label == "a"
        assert claims.complete(claim).status == "completed"

    def test_the_label_description_and_metadata_of_a_running_task_may_change(self) -> None:
        task_list = a_list("a")
        claim = claim_one()
        edit(task_list, label="Intro", description="Two pages.", metadata={"n": 1}, input=None, reason="clearer")
        claims.complete(claim, "done")
        task = tasks.get(task_list.id, "a")
        assert (task.label, task.description, task.metadata, task.result) == ("Intro", "Two pages.", {"n": 1}, "done")

    @pytest.mark.parametrize("work", WORK)
    def test_the_work_of_an_ended_task_may_change_for_its_next_attempt(self, work: dict[str, Any]) -> None:
        task_list = a_list("a")
        claims.fail(claim_one(), "no")
        edit(task_list, **work)
        retried = interventions.retry(task_list.id, "a", actor=ALICE)
        assert {name: getattr(retried, name) for name in work} == work

    def test_a_change_of_an_ended_task_leaves_its_result_and_its_list_as_they_are(self) -> None:
        task_list = a_list("a")
        claims.complete(claim_one(), "done")
        task = edit(task_list, input="other", label="Intro")
        assert (task.status, task.result) == ("completed", "done")
        assert task_lists.get(task_list.id).status == "completed"
        assert kinds(task_list).count("list.finished") == 1

    def test_what_is_not_there_is_not_found(self) -> None:
        task_list = a_list("gone")
        tasks.remove(task_list.id, "gone", actor=ALICE)
        for missing in ("gone", "never"):
            with pytest.raises(TaskNotFound, match=missing):
                edit(task_list, missing, label="Intro")
        with pytest.raises(TaskListNotFound):
            edits.update(new_id(), "a", {"label": "Intro"}, actor=PROGRAM)

    def test_a_discarded_list_refuses_every_change(self) -> None:
        task_list = a_list("a")
        task_lists.discard(task_list.id, "over", actor=ALICE)
        others: list[dict[str, Any]] = [{"label": "Intro"}, {"depends_on": []}, {"status": "skipped"}, {}]
        for change in (*WORK, *others):
            with pytest.raises(TaskListDiscarded):
                edit(task_list, **change)
        assert changed(task_list) == []


class TestStatus:
    @pytest.mark.parametrize("status", ["skipped", "cancelled"])
    def test_an_update_may_pass_over_a_task_or_cancel_it(self, status: str) -> None:
        task_list = a_list("a", NewTask(id="b", depends_on=["a"]))
        task = edit(task_list, status=status, reason="not needed", label="Intro")
        assert (task.status, task.label) == (status, "Intro")
        assert statuses(task_list)["b"] == ("pending" if status == "skipped" else "skipped")
        events = Event.objects.after(f"list:{task_list.id}", 0).filter(task="a")
        assert [(event.kind, event.data.get("reason")) for event in events][-2:] == [
            ("task.changed", "not needed"),
            (f"task.{status}", "not needed"),
        ]

    def test_a_running_task_that_is_cancelled_is_fenced(self) -> None:
        task_list = a_list("a")
        worker = a_worker()
        claim = claim_one(worker)
        edit(task_list, status="cancelled", by=By.AGENT)
        assert leases.fenced(worker.id) == [claim.attempt_id]
        assert changed(task_list) == []

    @pytest.mark.parametrize("status", ["in_progress", "awaiting_approval", "completed", "failed", "todo", "done"])
    @pytest.mark.parametrize("by", [By.HANDLE, By.AGENT])
    def test_every_other_status_is_refused_and_the_rest_of_the_update_with_it(self, status: str, by: By) -> None:
        task_list = a_list("a")
        with pytest.raises(IllegalTransition, match="skipped or cancelled only") as refusal:
            edit(task_list, status=status, label="Intro", by=by)
        assert (refusal.value.status, refusal.value.allowed) == ("pending", ("skipped", "cancelled"))
        assert (tasks.get(task_list.id, "a").label, changed(task_list)) == ("a", [])

    def test_an_ended_task_is_not_set_to_another_ending_and_the_rest_is_not_written(self) -> None:
        task_list = a_list("a")
        claims.complete(claim_one(), "done")
        with pytest.raises(IllegalTransition, match="already completed; retry it"):
            edit(task_list, status="cancelled", label="Intro")
        with pytest.raises(IllegalTransition):
            edit(task_list, status="pending")
        assert edit(task_list, status="completed", label="Outro").label == "Outro"
