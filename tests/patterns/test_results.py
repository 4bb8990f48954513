"""Results: outcomes by name and by agent."""

import copy
import pickle
from typing import Any

import pytest

from tasks_app.agents.generate import TokenUsage
from tasks_app.agents.registry import agent
from tasks_app.errors import Refused
from tasks_app.patterns.members import Outcome
from tasks_app.patterns.results import Results


def outcome(output: Any, agent: str = "") -> Outcome[Any]:
    return Outcome(text="", output=output, steps=0, usage=TokenUsage(), stopped_by="returned", agent=agent)


RESULTS = Results({"a": outcome(1, "one"), "b": outcome(2, "two"), "c": outcome(3, "two"), "items": outcome(4)})


def test_they_are_a_mapping_in_order() -> None:
    assert [(name, each.output) for name, each in RESULTS.items()] == [("a", 1), ("b", 2), ("c", 3), ("items", 4)]
    assert {name: RESULTS[name] for name in RESULTS} == RESULTS


def test_a_name_that_is_not_there_is_told_with_those_that_are() -> None:
    assert getattr(RESULTS, "d", None) is None
    with pytest.raises(AttributeError, match=r"'d'\. There are: a, b, c, items\."):
        RESULTS.d  # noqa: B018 - it raises
    with pytest.raises(KeyError):
        RESULTS["d"]


def test_an_agent_that_is_not_there_or_twice_has_no_one_outcome() -> None:
    one, two, three = (agent(id=name, prompt="x") for name in ("one", "two", "three"))

    assert RESULTS.of(one) == RESULTS.a
    with pytest.raises(Refused, match="'b', 'c'"):
        RESULTS.of(two)
    with pytest.raises(Refused, match="not among"):
        RESULTS.of(three)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda results: pickle.loads(pickle.dumps(results))])
def test_they_can_be_copied(copied: Any) -> None:
    assert copied(RESULTS) == RESULTS
