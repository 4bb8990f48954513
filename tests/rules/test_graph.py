"""Circles among dependencies."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_app.rules.graph import find_cycle

Edges = dict[str, list[str]]
names = st.sampled_from("abcdefgh")
graphs = st.dictionaries(names, st.lists(names, max_size=3), max_size=8)


def holds_together(edges: Edges) -> bool:
    """By Kahn: take away what waits for nothing that is left, until nothing can be taken."""
    left = dict(edges)
    while free := [task for task, on in left.items() if not any(other in left for other in on)]:
        for task in free:
            del left[task]
    return not left


@given(graphs)
def test_a_circle_is_found_if_and_only_if_there_is_one(edges: Edges) -> None:
    assert (find_cycle(edges) == ()) == holds_together(edges)


@given(graphs)
def test_what_is_found_is_a_circle_that_passes_no_task_twice(edges: Edges) -> None:
    cycle = find_cycle(edges)

    for task, following in itertools.pairwise(cycle):
        assert following in edges[task]
    if cycle:
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1


def test_a_task_that_waits_for_itself_is_the_smallest_circle() -> None:
    assert find_cycle({"a": ["a"]}) == ("a", "a")


def test_what_is_not_among_the_tasks_waits_for_nothing() -> None:
    assert find_cycle({"a": ["there before"]}) == ()


@pytest.mark.parametrize("closed", [False, True])
def test_a_chain_may_be_longer_than_the_stack(closed: bool) -> None:
    length = 100_000
    chain = {str(n): [str(n + 1)] for n in range(length)}
    if closed:
        chain[str(length)] = ["0"]

    assert len(find_cycle(chain)) == (length + 2 if closed else 0)


def test_a_thousand_that_all_wait_for_all_before_them_are_no_circle() -> None:
    assert find_cycle({str(n): [str(m) for m in range(n)] for n in range(1000)}) == ()
