"""What a form shows, frozen: as it was last filled in, and what was wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AgentChoice:
    """An agent a batch can be given to."""

    name: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a form. `field` is `lines`, `files`, `agent`, `title`, `concurrency`, or empty."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class NewBatch:
    """The form of a new batch as it was last filled in."""

    agents: tuple[AgentChoice, ...]
    title: str = ""
    lines: str = ""
    agent: str = ""
    concurrency: str = ""
    default_concurrency: int = 200
    max_mebibytes: int = 50
    problems: tuple[Problem, ...] = field(default=())

    @property
    def wrong(self) -> frozenset[str]:
        """Names of the fields that have a problem."""
        return frozenset(problem.field for problem in self.problems)
