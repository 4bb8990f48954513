"""The tables of docs/reference/statuses.md, row by row, at the services' doors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import combinations, product
from typing import Any
from uuid import uuid4

import pytest

from tasks_app.conf import conf
from tasks_app.errors import AttemptLost, IllegalTransition
from tasks_app.rules.statuses import By, TaskStatus
from tasks_app.services import approvals, claims, edits, hands, interventions, leases, task_lists, tasks
from tasks_app.services.edits import Changes
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, a_list, a_worker, check_books, kill, statuses
from tests.docs.pages import code
from tests.docs.statuses import list_rules, moves
from tests.services.standing import Stand, bring, stand

pytestmark = pytest.mark.django_db

Door = Callable[[Stand], Any]
STATUSES = [str(status) for status in TaskStatus]
MOVES = {(old, new, by) for (old, new), told in moves().items() for by in told}


def the_worker_dies(at: Stand) -> None:
    kill(at.worker)
    leases.sweep()


def the_worker_dies_once_too_often(at: Stand) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conf, "max_abandoned", 1)
        the_worker_dies(at)


def update(new: str, by: By) -> Door:
    return lambda at: edits.update(at.list_id, "a", Changes(status=new), actor=ALICE, by=by)


def by_name(verb: Callable[..., Any], **how: Any) -> Door:
    return lambda at: verb(at.list_id, "a", actor=ALICE, **how)


DOORS: dict[tuple[str, str], Sequence[Door]] = {  # (hand, to)
    ("worker", "in_progress"): (
        lambda at: claims.claim(at.other.id, 1, idle=True, only=at.list_id),
        lambda at: hands.open_attempt(uuid4(), at.list_id, "a"),
    ),
    ("worker", "completed"): (
        lambda at: claims.complete(at.claim, "done"),
        lambda at: hands.complete(uuid4(), at.list_id, "a", "done"),
    ),
    ("worker", "failed"): (
        lambda at: claims.fail(at.claim, "no", retryable=False),
        lambda at: hands.fail(uuid4(), at.list_id, "a", "no"),
    ),
    ("worker", "pending"): (lambda at: claims.fail(at.claim, "no"),),
    ("pool", "failed"): (lambda at: claims.fail(at.claim, "its time is up", retryable=False),),
    ("pool", "pending"): (lambda at: leases.release([at.claim]),),
    ("sweep", "pending"): (the_worker_dies,),
    ("sweep", "failed"): (the_worker_dies_once_too_often,),
    **{("agent", new): (update(new, By.AGENT),) for new in STATUSES},
    **{("handle", new): (update(new, By.HANDLE),) for new in STATUSES},
    ("handle", "skipped"): (by_name(interventions.skip, by=By.HANDLE), update("skipped", By.HANDLE)),
    ("handle", "cancelled"): (by_name(interventions.cancel, by=By.HANDLE), update("cancelled", By.HANDLE)),
    ("handle", "pending"): (by_name(interventions.retry, by=By.HANDLE),),
    **{("person", new): (update(new, By.PERSON),) for new in STATUSES},
    ("person", "skipped"): (by_name(interventions.skip), update("skipped", By.PERSON)),
    ("person", "cancelled"): (by_name(interventions.cancel), update("cancelled", By.PERSON)),
    ("person", "pending"): (
        by_name(interventions.retry),
        by_name(interventions.hand_back),
        by_name(approvals.approve),
    ),
    ("person", "failed"): (by_name(approvals.reject),),
    ("discard", "cancelled"): (lambda at: task_lists.discard(at.list_id, "over", actor=ALICE),),
}


class TestMoves:
    @pytest.mark.parametrize("old", STATUSES)
    @pytest.mark.parametrize("by", [str(by) for by in By if by != By.ENGINE])
    def test_a_move_of_the_table_happens_and_every_other_is_refused(self, old: str, by: str) -> None:
        for new in STATUSES:
            if new == old:
                continue
            opened = []
            for door in DOORS.get((by, new), ()):
                at = stand(old, max_attempts=1 if new == "failed" else 2)
                before = at.rows()
                with suppress(IllegalTransition, AttemptLost):
                    door(at)
                opened.append(at.status() == new)
                assert opened[-1] or at.rows() == before, f"{by}: {old} → {new} is half done"
                check_books(task_lists.get(at.list_id))
            assert any(opened) == ((old, new, by) in MOVES), f"{by}: {old} → {new}"

    @pytest.mark.parametrize("old", STATUSES)
    def test_the_engine_moves_a_task_when_the_one_before_it_ends_or_is_retried(self, old: str) -> None:
        for new in STATUSES:
            moved = new != old and new in _BEFORE and _engine_moves(old, new)
            assert moved == ((old, new, "engine") in MOVES), f"engine: {old} → {new}"


_BEFORE: Mapping[str, str] = {  # what becomes of the task before it is what may make the engine move a task there
    "pending": "retried",
    "skipped": "failed",
    "awaiting_approval": "completed",
}


def _engine_moves(old: str, new: str) -> bool:
    """Whether a task behind another goes from one status to the other by what becomes of that."""
    gated = "awaiting_approval" in (old, new) and old in ("pending", "awaiting_approval")
    task_list = a_list("x", NewTask(id="a", depends_on=["x"], requires_approval=gated))
    worker = a_worker()
    if old == "skipped" and new == "pending":
        bring(worker, task_list.id, "x", "failed")  # and `a` is skipped for it
    elif old != "pending":
        bring(worker, task_list.id, "x", "completed")
        bring(worker, task_list.id, "a", old)
    if new == "pending":
        if statuses(task_list)["x"] == "pending":
            bring(worker, task_list.id, "x", "completed")
    elif statuses(task_list)["x"] != "pending":
        interventions.retry(task_list.id, "x", actor=ALICE)
    assert statuses(task_list)["a"] == old
    if new == "pending":
        interventions.retry(task_list.id, "x", actor=ALICE)
    else:
        bring(worker, task_list.id, "x", _BEFORE[new])
    assert statuses(task_list)["a"] in (old, new)
    check_books(task_list)
    return statuses(task_list)["a"] == new


RULES = list_rules()
LISTS = [  # the statuses of the tasks, whether one was removed beside them, whether the list was then discarded
    (of, removed, discarded)
    for size in range(4)
    for of in combinations(STATUSES, size)
    for removed, discarded in product([False, True], repeat=2)
    if size < 2 or not (removed or discarded)
]


def _fits(condition: str, of: Sequence[str], *, removed: bool, discarded: bool) -> bool:
    """Whether a condition of the page, in its words, is true of a list."""
    counts, named = Counter(of), code(condition)
    one = any(counts[status] for status in named)
    return {
        "it was discarded": discarded,
        "nothing was ever added": not of and not removed,
        "all were removed": not of and removed,
        "all are": sum(counts[status] for status in named) == len(of),
        "one is": one,
        "none is": not one,
        "otherwise": True,
    }[condition.partition(" `")[0]]


def _first(of: Sequence[str], removed: bool, discarded: bool) -> tuple[str, str]:
    return next(rule for rule in RULES if _fits(rule[0], of, removed=removed, discarded=discarded))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule[0])
def test_a_list_has_the_status_of_the_first_rule_that_fits_it(rule: tuple[str, str]) -> None:
    fitting = [each for each in LISTS if _first(*each) == rule]
    assert fitting, "no list comes to this rule"
    for of, removed, discarded in fitting:
        new = [NewTask(id=status, requires_approval=status == "awaiting_approval") for status in of]
        task_list = a_list(*new)
        if removed:
            tasks.add_many(task_list.id, [NewTask(id="gone")], actor=ALICE)
            tasks.remove(task_list.id, "gone", actor=ALICE)
        for status in of:
            bring(a_worker(), task_list.id, status, status)
        assert statuses(task_list) == {status: status for status in of}
        if discarded:
            task_lists.discard(task_list.id, "over", actor=ALICE)
        assert task_lists.get(task_list.id).status == rule[1], (of, removed, discarded)
        check_books(task_list)
