"""Whatever people, programs, workers and the sweep do, in whatever order, the books balance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tasks_app.errors import AttemptLost, CruxError, IllegalTransition
from tasks_app.models import Attempt, Task, TaskList, TaskListSnapshot, Worker
from tasks_app.rules.statuses import By
from tasks_app.services import approvals, claims, edits, hands, interventions, leases, task_lists, tasks
from tasks_app.services.claims import Claim
from tasks_app.services.edits import Changes
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, a_list, a_worker, check_books, kill
from tests.services.derived import check_derived

FIRST = (  # on each list from the start, so that the steps go into what may become of them
    NewTask(id="a", max_attempts=2),
    NewTask(id="b"),
    NewTask(id="gated", requires_approval=True),
    NewTask(id="behind", depends_on=["a"], parent="a"),
    NewTask(id="last", depends_on=["behind"], requires_approval=True),
)
IDS = ["a", "b", "gated", "behind", "last", "new", "newer"]
ids = st.sampled_from(IDS)
behind = st.lists(st.sampled_from(["a", "b", "gated", "new"]), max_size=2)
change = st.one_of(
    st.fixed_dictionaries({"label": st.sampled_from(["One", "Two"])}),
    st.fixed_dictionaries({"input": st.integers(0, 1)}),
    st.fixed_dictionaries({"depends_on": behind}),
    st.fixed_dictionaries({"depends_on": behind, "input": st.integers(0, 1)}),
    st.fixed_dictionaries({"max_attempts": st.integers(1, 2), "label": st.just("Three")}),
    st.fixed_dictionaries({"status": st.sampled_from(["skipped", "cancelled", "pending"]), "input": st.just(2)}),
)
OUTCOMES = ["well", "badly", "for good", "not yet"]
persons_verbs: list[Callable[..., Any]] = [
    interventions.retry,
    interventions.cancel,
    interventions.skip,
    interventions.hand_back,
    tasks.remove,
    approvals.approve,
    approvals.reject,
]
late_verbs: list[Callable[[Claim], Any]] = [
    claims.start,
    lambda claim: claims.progress(claim, "still here"),
    lambda claim: claims.complete(claim, "late"),
    lambda claim: claims.fail(claim, "late"),
]


def rows_of(list_id: UUID) -> list[Any]:
    """All that a verb at this list may write; the list's own row says how long its log is."""
    rows = TaskList.objects.filter(pk=list_id), Task.objects.filter(task_list=list_id)
    return [list(of.order_by("pk").values()) for of in (*rows, Attempt.objects.filter(task__task_list=list_id))]


class Books(RuleBasedStateMachine):
    """Alice, a program, two workers and the sweep at one list; at a new one, when that is discarded."""

    def __init__(self) -> None:
        super().__init__()
        TaskList.objects.all().delete()  # the example before
        Worker.objects.all().delete()
        self.list = a_list(*FIRST, concurrency=3)
        self.given_up: list[TaskListSnapshot] = []
        self.workers = [a_worker(1), a_worker(2)]
        self.claims: list[Claim] = []
        self.endings: dict[UUID, Any] = {}

    def try_to(self, verb: Any, *args: Any, **kwargs: Any) -> bool:
        before = rows_of(self.list.id)
        try:
            verb(*args, **kwargs)
        except CruxError:
            assert rows_of(self.list.id) == before, "a refusal changes nothing"
            return False
        return True

    @rule(
        task_id=st.sampled_from(IDS[-2:]),
        on=behind,
        parent=st.sampled_from(["", *IDS]),
        gate=st.booleans(),
        tries=st.integers(1, 2),
    )
    def add(self, task_id: str, on: list[str], parent: str, gate: bool, tries: int) -> None:
        new = NewTask(id=task_id, depends_on=on, parent=parent, requires_approval=gate, max_attempts=tries)
        self.try_to(tasks.add_many, self.list.id, [new], actor=ALICE)

    @rule(verb=st.sampled_from(persons_verbs), task_id=ids)
    def step_in(self, verb: Any, task_id: str) -> None:
        self.try_to(verb, self.list.id, task_id, actor=ALICE)

    @rule(task_id=ids, what=change, by=st.sampled_from([By.AGENT, By.HANDLE, By.PERSON]))
    def edit(self, task_id: str, what: Changes, by: By) -> None:
        gated = Task.objects.present().filter(task_list=self.list.id, key=task_id, status="awaiting_approval").exists()
        done = self.try_to(edits.update, self.list.id, task_id, what, actor=ALICE, by=by)
        assert not (gated and done and by == By.AGENT), "agents do not touch what waits for approval"

    @rule(who=st.integers(0, 1), outcomes=st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=3))
    def work(self, who: int, outcomes: list[str]) -> None:
        got = claims.claim(self.workers[who].id, len(outcomes), idle=True).claims
        self.claims += got
        for claim, outcome in zip(got, outcomes, strict=False):
            self.end(claim, outcome)

    @rule(who=st.integers(0, 1), task_id=ids, outcome=st.sampled_from(OUTCOMES))
    def work_by_hand(self, who: int, task_id: str, outcome: str) -> None:
        def start() -> None:
            claim, _ = hands.open_attempt(self.workers[who].id, self.list.id, task_id)
            self.claims.append(claim)
            self.end(claim, outcome)

        self.try_to(start)

    @precondition(lambda self: self.claims)
    @rule(outcome=st.sampled_from(OUTCOMES))
    def finish(self, outcome: str) -> None:
        running = set(Attempt.objects.filter(status="running").values_list("pk", flat=True))
        for claim in self.claims:
            if claim.attempt_id in running:
                return self.end(claim, outcome)

    def end(self, claim: Claim, outcome: str) -> None:
        if outcome == "well":
            claims.complete(claim, {"by": claim.number})
        elif outcome != "not yet":
            claims.fail(claim, "no", retryable=outcome == "badly")

    @precondition(lambda self: self.endings)
    @rule(pick=st.integers(0, 100), verb=st.sampled_from(late_verbs))
    def be_late(self, pick: int, verb: Callable[[Claim], Any]) -> None:
        ended = [claim for claim in self.claims if claim.attempt_id in self.endings]
        claim = ended[pick % len(ended)]
        before = rows_of(claim.list_id)
        with pytest.raises((AttemptLost, IllegalTransition)):
            verb(claim)
        assert leases.release([claim]) == 0
        assert rows_of(claim.list_id) == before, "no worker writes after its attempt has ended"

    @rule(who=st.integers(0, 1), dies=st.booleans())
    def stop(self, who: int, dies: bool) -> None:
        if not dies:
            leases.release([claim for claim in self.claims if claim.worker == self.workers[who].name])
        kill(self.workers[who])
        leases.sweep()
        self.workers[who] = a_worker(who + 1)

    @rule(pause=st.integers(0, 3))
    def hold(self, pause: int) -> None:
        (task_lists.resume if pause else task_lists.pause)(self.list.id, actor=ALICE)
        Task.objects.filter(task_list=self.list.id).update(not_before=None)  # time passes, too

    @precondition(lambda self: not self.given_up)
    @rule(really=st.integers(0, 3))
    def discard(self, really: int) -> None:
        if really == 3:  # not too often: what comes after is all the same
            task_lists.discard(self.list.id, "over", actor=ALICE)
            self.given_up.append(self.list)
            self.list = a_list(*FIRST, concurrency=3)

    @invariant()
    def the_books_balance(self) -> None:
        check_books(self.list)
        check_derived(self.list)

    @invariant()
    def what_an_attempt_came_to_stays(self) -> None:
        lists = [self.list.id, *(task_list.id for task_list in self.given_up)]
        rows = Attempt.objects.filter(task__task_list__in=lists).exclude(status="running")
        now = {row["id"]: row for row in rows.values("id", "status", "result", "error", "ended_at")}
        for attempt_id, ending in self.endings.items():
            assert now[attempt_id] == ending
        self.endings = now

    def teardown(self) -> None:
        for task_list in self.given_up:
            check_books(task_list)
            check_derived(task_list)


@pytest.mark.django_db
def test_the_books_balance_whatever_happens() -> None:
    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=15, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
