"""Whatever people, workers and the sweep do, in whatever order, the books balance."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tasks_app.errors import CruxError
from tasks_app.models import Task, TaskList, Worker
from tasks_app.services import approvals, claims, interventions, leases, task_lists, tasks
from tasks_app.services.claims import Claim
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, a_list, a_worker, check_books, kill

IDS = [f"t{n}" for n in range(8)]
ids = st.sampled_from(IDS)


class Books(RuleBasedStateMachine):
    """Alice, two workers and the sweep at one list."""

    def __init__(self) -> None:
        super().__init__()
        TaskList.objects.all().delete()  # the example before
        Worker.objects.all().delete()
        self.list = a_list(concurrency=3)
        self.workers = [a_worker(1), a_worker(2)]
        self.held: list[Claim] = []

    def try_to(self, verb: Any, *args: Any, **kwargs: Any) -> None:
        with suppress(CruxError):  # a refusal changes nothing, which the books must show
            verb(*args, **kwargs)

    @rule(task_id=ids, behind=st.lists(ids, max_size=2), gate=st.booleans(), tries=st.integers(1, 2))
    def add(self, task_id: str, behind: list[str], gate: bool, tries: int) -> None:
        new = NewTask(id=task_id, depends_on=behind, requires_approval=gate, max_attempts=tries)
        self.try_to(tasks.add_many, self.list.id, [new], actor=ALICE)

    @rule(
        verb=st.sampled_from([interventions.retry, interventions.cancel, interventions.skip, tasks.remove]), task_id=ids
    )
    def act(self, verb: Any, task_id: str) -> None:
        self.try_to(verb, self.list.id, task_id, actor=ALICE)

    @rule(verb=st.sampled_from([approvals.approve, approvals.reject]), task_id=ids)
    def decide(self, verb: Any, task_id: str) -> None:
        self.try_to(verb, self.list.id, task_id, actor=ALICE)

    @rule(who=st.integers(0, 1), limit=st.integers(1, 3))
    def claim(self, who: int, limit: int) -> None:
        self.held += claims.claim(self.workers[who].id, limit, idle=True).claims

    @precondition(lambda self: self.held)
    @rule(pick=st.integers(0, 100), well=st.booleans(), retryable=st.booleans())
    def finish(self, pick: int, well: bool, retryable: bool) -> None:
        claim = self.held[pick % len(self.held)]
        if well:
            self.try_to(claims.complete, claim, {"by": claim.number})
        else:
            self.try_to(claims.fail, claim, "no", retryable=retryable)

    @precondition(lambda self: self.held)
    @rule()
    def release(self) -> None:
        leases.release(self.held)

    @rule(who=st.integers(0, 1))
    def die(self, who: int) -> None:
        kill(self.workers[who])
        leases.sweep()
        self.workers[who] = a_worker(who + 1)

    @rule()
    def wait_for_the_back_off(self) -> None:
        Task.objects.filter(task_list=self.list.id).update(not_before=None)

    @rule(pause=st.booleans())
    def hold(self, pause: bool) -> None:
        (task_lists.pause if pause else task_lists.resume)(self.list.id, actor=ALICE)

    @invariant()
    def the_books_balance(self) -> None:
        check_books(self.list)
        for task in Task.objects.present().filter(task_list=self.list.id):
            on = [edge.on for edge in task.dependencies.select_related("on")]
            satisfied = [
                one.status == "completed" or (one.status == "skipped" and not one.skipped_by_dependency) for one in on
            ]
            if task.status == "pending":
                assert task.waiting_for == satisfied.count(False)
                barred = [one for one in on if one.status in ("failed", "cancelled") or one.skipped_by_dependency]
                assert not barred, "a task behind a failure is skipped, not left to wait for ever"


@pytest.mark.django_db
def test_the_books_balance_whatever_happens() -> None:
    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
