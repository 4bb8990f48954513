"""What a model is to the rest of Crux: messages and tools in, one reply out.

Messages and tools keep the shape of Chat Completions, which every endpoint shares: nothing is translated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from tasks_app.errors import ValueRefused
from tasks_app.rules import given
from tasks_app.rules.values import check_name

__all__ = ["JSON_ASKED_AGAIN", "JSON_WISH", "Message", "Model", "Reply", "ToolSpec", "Usage", "check_model"]

MAX_NAME_CHARS = 200  # the column's

JSON_WISH = "Answer in the end with JSON alone, of this schema: "
"""What stands in a system text before the schema of a final text: not every endpoint knows `response_format`."""

JSON_ASKED_AGAIN = "Answer again, with the JSON alone."
"""What the user's message ends with that sends a wrong one back."""

Message = dict[str, Any]
"""A Chat Completions message as is: `{"role", "content", "tool_calls"?, "tool_call_id"?}`."""

ToolSpec = dict[str, Any]
"""A tool as offered: `{"type": "function", "function": {"name", "description", "parameters"}}`."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a call, as the endpoint counted them; 0 where it said nothing."""

    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def total(self) -> int:
        """Tokens in and out."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of a model."""

    message: Message
    """The assistant's message, ready to be appended to the conversation."""
    finish_reason: str
    """`stop`, `tool_calls`, `length`, `content_filter`; empty where the endpoint gave none."""
    model: str
    """The model that answered, in its endpoint's words; may be more exact than the name asked for."""
    usage: Usage
    cost: Decimal | None
    """USD; None where neither the endpoint nor `CRUX_PRICES` knows."""
    seconds: float
    """From the question to the answer, retries and their waits included."""


@runtime_checkable
class Model(Protocol):
    """Whatever answers messages: an endpoint's model, the offline model, a script."""

    @property
    def name(self) -> str:
        """The name it is asked for by."""
        ...

    async def complete(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float | None = None
    ) -> Reply:
        """Ask, and again while the endpoint only stumbles, until `deadline` (a `time.monotonic()` value).

        Raises:
            ModelError: no usable answer came; the words are the provider's.
        """
        ...


def check_model(given_model: object) -> None:
    """Pass if it names a model, is one, or is None.

    Raises:
        ValueRefused.
    """
    if isinstance(given_model, str):
        check_name(given_model, what="A model", max_chars=MAX_NAME_CHARS)
    elif given_model is not None and (isinstance(given_model, type) or not isinstance(given_model, Model)):
        raise ValueRefused(f"A model is a name, or has a name and complete(…), not {given.shown(given_model)}.")
