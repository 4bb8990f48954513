"""Who can work: names, and where they come from."""

import pytest

from tasks_app.agents import registry
from tasks_app.agents.registry import agent, worker
from tasks_app.agents.scope import current_attempt
from tasks_app.errors import Refused, UnknownAgent, ValueRefused


def test_agents_and_workers_are_found_by_name() -> None:
    made = agent(id="writer", prompt="You write.")
    worker("count")(len)

    assert registry.find("writer") is made
    assert {"count", "writer"} <= set(registry.names())


def test_people_are_told_what_an_agent_or_a_worker_does() -> None:
    def count(text: str) -> int:
        """Counts the characters.

        All of them.
        """
        return len(text)

    worker("count")(count)
    agent(id="writer", prompt="You write.", about="Writes chapters.")
    agent(id="poet", prompt="You rhyme.")

    assert [registry.about(name) for name in ("count", "writer", "poet", "nobody")] == [
        "Counts the characters.",
        "Writes chapters.",
        "",
        "",
    ]


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    agent(id="writer", prompt="You write.")

    with pytest.raises(UnknownAgent, match=r"There is no agent 'poet'\. Known are: .*writer"):
        registry.find("poet")


def test_a_name_made_twice_is_refused_and_both_places_are_named() -> None:
    worker("count")(lambda text: 1)

    with pytest.raises(ValueRefused, match=r"'count' is made at .*test_registry.py:\d+ and again at .*:\d+"):
        worker("count")(lambda text: 2)


def test_a_module_loaded_anew_replaces_what_it_made() -> None:
    for _ in range(2):
        made = agent(id="writer", prompt="You write.")

    assert registry.find("writer") is made


@pytest.mark.parametrize("name", ["", " writer", "x" * 101, None])
def test_a_name_no_task_can_have_is_refused(name: str) -> None:
    with pytest.raises(ValueRefused, match="1 to 100 characters"):
        agent(id=name, prompt="x")


def test_the_crux_agents_of_every_app_are_discovered() -> None:
    registry.autodiscover()
    registry.autodiscover()

    assert "summarizer" in registry.names()


def test_outside_an_attempt_there_is_no_current_one() -> None:
    with pytest.raises(Refused, match="No attempt runs here"):
        current_attempt()
