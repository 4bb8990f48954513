"""Results: what came of each member, by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, overload

from pydantic import GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypeVar

from tasks_app.agents.agent import Agent
from tasks_app.errors import Refused
from tasks_app.patterns.members import Outcome

__all__ = ["Results"]

T = TypeVar("T")


class Results(Mapping[str, Outcome[Any]]):
    """Outcomes in order, by item or by attribute: `results["research"].output` is `results.research.output`.

    Python has no type for "each key as the agent under it", so to a type checker these outputs are Any;
    `results.of(agent)` is typed. A name that is a method's (`items`, `get`, `of`, …) is there as an item only.
    """

    def __init__(self, outcomes: Mapping[str, Outcome[Any]]) -> None:
        self._outcomes = dict(outcomes)

    @overload
    def of(self, agent: Agent[None]) -> Outcome[str]: ...
    @overload
    def of(self, agent: Agent[T]) -> Outcome[T]: ...
    def of(self, agent: Agent[Any]) -> Outcome[Any]:
        """What came of this agent, with the type of its output, also where the results were read back from JSON.

        Raises:
            Refused: the agent is not among them, or more than once.
        """
        names = [name for name, outcome in self._outcomes.items() if outcome.agent == agent.id]
        if len(names) != 1:
            there = f"there as {', '.join(map(repr, names))}; ask by name" if names else f"not among {list(self)}"
            raise Refused(f"There is no one outcome of agent {agent.id!r}: it is {there}.")
        outcome = self._outcomes[names[0]]
        if agent.output is None:
            return outcome
        return outcome.model_copy(update={"output": TypeAdapter(agent.output).validate_python(outcome.output)})

    def __getitem__(self, name: str) -> Outcome[Any]:
        return self._outcomes[name]

    def __getattr__(self, name: str) -> Outcome[Any]:
        outcomes: dict[str, Outcome[Any]] = self.__dict__.get("_outcomes", {})  # not there yet while it is copied
        if name not in outcomes:
            raise AttributeError(f"There is no outcome of {name!r}. There are: {', '.join(outcomes) or 'none'}.")
        return outcomes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._outcomes)

    def __len__(self) -> int:
        return len(self._outcomes)

    def __repr__(self) -> str:
        return f"Results({self._outcomes!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """As a plain object in JSON, and back."""
        plain = handler.generate_schema(dict[str, Outcome[Any]])
        return core_schema.no_info_after_validator_function(
            cls,
            plain,
            serialization=core_schema.plain_serializer_function_ser_schema(dict, return_schema=plain),
        )
