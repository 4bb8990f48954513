"""The move table, a list's status, and the words of a refusal."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_app.errors import IllegalTransition
from tasks_app.rules.statuses import (
    FINAL,
    MOVES,
    UNFINISHED,
    By,
    TaskStatus,
    allowed,
    check_move,
    is_finished,
    list_status,
)

# Who may move a task from one of the first to one of the second, told anew as people are told it.
TOLD = [
    ("pending", "in_progress completed failed", "worker"),  # at a claim; or by one that skips its start
    ("pending", "awaiting_approval", "engine"),
    ("pending in_progress", "skipped cancelled", "agent handle person"),
    ("awaiting_approval", "skipped cancelled", "handle person"),
    ("pending awaiting_approval", "skipped", "engine"),
    ("pending in_progress awaiting_approval", "cancelled", "discard"),
    ("awaiting_approval", "pending failed", "person"),
    ("in_progress", "completed", "worker"),
    ("in_progress", "failed", "worker pool sweep"),
    ("in_progress", "pending", "worker pool sweep person"),  # a policy retry, a release, a death, a hand back
    ("failed cancelled skipped completed", "pending", "handle person"),
    ("skipped", "pending", "engine"),
]
LEGAL = {
    (old, new, by)
    for olds, news, hands in TOLD
    for old, new, by in itertools.product(olds.split(), news.split(), hands.split())
}
EVERY_MOVE = list(itertools.product(map(str, TaskStatus), TaskStatus, By))

counters = st.fixed_dictionaries({status.value: st.integers(0, 3) for status in TaskStatus})


def counts(**given_counts: int) -> dict[str, int]:
    return {status.value: given_counts.get(status.value, 0) for status in TaskStatus}


def test_the_table_has_the_moves_that_people_are_told_of_and_no_other() -> None:
    assert {(str(old), str(new), str(by)) for (old, new), hands in MOVES.items() for by in hands} == LEGAL


@given(st.sampled_from(EVERY_MOVE))
def test_a_move_passes_if_the_table_has_it_and_is_refused_otherwise(move: tuple[str, TaskStatus, By]) -> None:
    old, new, by = move
    if (old, str(new), str(by)) in LEGAL:
        assert check_move("a", old, new, by) is None  # type: ignore[func-returns-value]
        return

    with pytest.raises(IllegalTransition) as refusal:
        check_move("a", old, new, by)

    assert refusal.value.status == old
    assert refusal.value.allowed == allowed(old, by)
    assert "Task 'a' is " in str(refusal.value)
    assert "_" not in str(refusal.value)


@given(st.sampled_from(list(TaskStatus)), st.sampled_from(list(By)))
def test_whatever_is_said_to_be_allowed_is(old: TaskStatus, by: By) -> None:
    for new in allowed(old, by):
        check_move("a", old, new, by)


def test_an_ended_task_only_ever_becomes_pending_again() -> None:
    assert {new for old, new in MOVES if old in FINAL} == {TaskStatus.PENDING}


def test_only_a_person_opens_a_gate_for_work() -> None:
    assert MOVES[TaskStatus.AWAITING_APPROVAL, TaskStatus.PENDING] == {By.PERSON}
    assert (TaskStatus.AWAITING_APPROVAL, TaskStatus.IN_PROGRESS) not in MOVES


@pytest.mark.parametrize(
    ("old", "new", "by", "words"),
    [
        ("completed", "failed", "worker", "Task 'intro' is already completed; retry it to run it again."),
        (
            "pending",
            "completed",
            "agent",
            "is pending and cannot become completed; it may become skipped or cancelled.",
        ),
        ("in_progress", "awaiting_approval", "engine", "cannot become awaiting approval; wait for it to end."),
    ],
)
def test_a_refusal_says_where_the_task_stands_and_the_way_out(old: str, new: str, by: str, words: str) -> None:
    with pytest.raises(IllegalTransition) as refusal:
        check_move("intro", old, TaskStatus(new), By(by))

    assert str(refusal.value).endswith(words)


@pytest.mark.parametrize(
    ("added", "removed", "status"),
    [
        (counts(), 0, "pending"),
        (counts(), 2, "completed"),
        (counts(pending=3), 0, "pending"),
        (counts(pending=3), 2, "pending"),
        (counts(completed=3), 0, "completed"),
        (counts(completed=1, skipped=2), 1, "completed"),
        (counts(skipped=2), 0, "completed"),
        (counts(in_progress=1, pending=2), 0, "in_progress"),
        (counts(in_progress=1, failed=2, cancelled=1), 0, "in_progress"),
        (counts(failed=1, completed=2), 0, "failed"),
        (counts(failed=1, pending=2), 0, "failed"),
        (counts(failed=1, awaiting_approval=1), 0, "failed"),
        (counts(awaiting_approval=1), 0, "in_progress"),
        (counts(awaiting_approval=1, cancelled=1), 0, "in_progress"),
        (counts(cancelled=2), 0, "cancelled"),
        (counts(cancelled=1, completed=2, skipped=1), 0, "cancelled"),
        (counts(completed=1, pending=1), 0, "in_progress"),
        (counts(cancelled=1, pending=1), 0, "in_progress"),
    ],
)
def test_a_lists_status_is_the_first_that_fits_its_tasks(added: dict[str, int], removed: int, status: str) -> None:
    assert list_status(added, removed=removed, discarded=False) == status


@given(counters, st.integers(0, 2))
def test_a_discarded_list_is_discarded_and_finished_whatever_it_holds(held: dict[str, int], removed: int) -> None:
    assert list_status(held, removed=removed, discarded=True) == "discarded"
    assert is_finished(held, removed=removed, discarded=True)


@given(counters, st.integers(0, 2))
def test_a_list_is_finished_when_something_was_added_and_nothing_is_left_to_do(
    held: dict[str, int], removed: int
) -> None:
    left = sum(held[status] for status in UNFINISHED)
    ever = sum(held.values()) + removed

    assert is_finished(held, removed=removed, discarded=False) == (ever > 0 and left == 0)


@given(counters, st.integers(0, 2))
def test_a_finished_list_has_the_status_of_an_ending(held: dict[str, int], removed: int) -> None:
    status = list_status(held, removed=removed, discarded=False)

    if is_finished(held, removed=removed, discarded=False):
        assert status in ("completed", "failed", "cancelled")
    else:
        assert status in ("pending", "in_progress", "failed")
