"""Who did it: the actor named on every event."""

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["person", "program", "worker", "agent", "engine"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A person by user name, a program by token, a worker by process, an agent by id, the engine."""

    kind: ActorKind
    name: str


ENGINE = Actor("engine", "crux")
