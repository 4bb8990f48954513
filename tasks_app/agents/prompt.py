"""Prompts: what a model is told before it says anything, made from an input and fitted into a budget."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from pydantic import BaseModel, ValidationError
from typing_extensions import TypeForm

from tasks_app.agents.contexts import Context, Text, give, several_contexts, takes_input, text_or_function
from tasks_app.agents.schemas import NO_OUTPUT, Out_co, Output, Wanted, as_text, explain, output_of
from tasks_app.agents.tools import Tool, Tools, named
from tasks_app.errors import ValueRefused
from tasks_app.llm.model import JSON_WISH, Message
from tasks_app.rules import given
from tasks_app.rules.budget import SEPARATOR, Block, CountTokens, Fit, estimate_tokens, fit
from tasks_app.rules.given import shown

__all__ = ["Messages", "Prompt", "Rendered", "prompt"]

Messages = Sequence[Message] | Callable[..., Sequence[Message] | Awaitable[Sequence[Message]]]
"""Chat Completions messages, or a function of the input or of nothing that makes them."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt for one input: what goes over the wire, and what was left out of it."""

    system: str
    messages: list[Message]
    tools: dict[str, Tool]
    dropped: tuple[Block, ...]
    skipped: tuple[str, ...]
    tokens: int

    def conversation(self) -> list[Message]:
        """The messages, after one with the system text if there is any."""
        return [*([{"role": "system", "content": self.system}] if self.system else []), *self.messages]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt(Generic[Out_co]):
    """A prompt as a value, of the type of its output; see `prompt`."""

    id: str
    system: Text | None
    prompt: Text | None
    messages: Messages | None
    input: type[BaseModel] | None
    output: TypeForm[Out_co] | None
    use: tuple[Context, ...]
    tools: dict[str, Tool]
    token_budget: int | None
    count_tokens: CountTokens

    @property
    def tells_the_input(self) -> bool:
        """Whether the input reaches the model by the messages, made from it or, with none given, the input itself."""
        if self.prompt is None and self.messages is None:
            return True
        return takes_input(self.prompt) or takes_input(self.messages)

    async def render(
        self,
        input: Any = None,
        *,
        use: Iterable[Context] = (),
        tools: Tools | None = None,
        token_budget: int | None = None,
        output: Output | None = None,
    ) -> Rendered:
        """The prompt for this input, with the contexts and tools of the call added.

        With `output` its own text ends with the wish for JSON of that schema, after the contexts.

        Raises:
            ValueRefused: the input does not fit the prompt's `input`.
            Exception: a function of it failed; of a context's the note says which.
        """
        if self.input is not None:
            try:
                input = self.input.model_validate(input)
            except ValidationError as error:
                raise ValueRefused(f"The input is no {self.input.__name__}: {explain(error)}.") from error
        contexts = [*self.use, *several_contexts(use)]
        own = str(await give(self.system, input) or "").strip()
        wish = JSON_WISH + json.dumps(output.schema, ensure_ascii=False) if output else ""
        texts = [await self._text(each, input) for each in contexts]
        blocks = [Block(each.id, text, each.priority) for each, text in zip(contexts, texts, strict=True) if text]
        budget = self.token_budget if token_budget is None else _budget(token_budget)
        fitted: Fit = fit(_joined(own, wish), blocks, budget=budget, count=self.count_tokens)
        offered: dict[str, Tool] = {}
        for each in contexts:
            offered |= each.tools
        return Rendered(
            system=_joined(own, *(block.text for block in fitted.kept), wish),
            messages=await self._messages(input),
            tools=offered | self.tools | named(tools),
            dropped=fitted.dropped,
            skipped=tuple(each.id for each, text in zip(contexts, texts, strict=True) if not text),
            tokens=fitted.tokens,
        )

    async def inspect(
        self,
        input: Any = None,
        *,
        use: Iterable[Context] = (),
        tools: Tools | None = None,
        token_budget: int | None = None,
    ) -> dict[str, Any]:
        """What `generate` would send, and what it would not; no model is called.

        `{system, messages, tools, dropped: [{id, tokens, priority, reason}], skipped, tokens}`: `tools` are names,
        `skipped` the ids of empty contexts, `tokens` the size of the system text.
        """
        output = output_of(self.output)
        rendered = await self.render(input, use=use, tools=tools, token_budget=token_budget, output=output)
        dropped = [
            {
                "id": block.id,
                "tokens": self.count_tokens(block.text),
                "priority": block.priority,
                "reason": "over the token budget",
            }
            for block in rendered.dropped
        ]
        return {
            "system": rendered.system,
            "messages": rendered.messages,
            "tools": list(rendered.tools),
            "dropped": dropped,
            "skipped": list(rendered.skipped),
            "tokens": rendered.tokens,
        }

    async def _text(self, context: Context, input: Any) -> str:
        try:
            return await context.render(input)
        except Exception as error:
            error.add_note(f"in context {context.id!r} of prompt {self.id!r}")
            raise

    async def _messages(self, input: Any) -> list[Message]:
        if self.prompt is None and self.messages is None:
            return [_said(input)] if has_words(input) else []
        said = _dicts(await give(self.messages, input) or (), f"of prompt {self.id!r}")
        asked = await give(self.prompt, input)
        return [*said, _said(asked)] if asked is not None else said


def prompt(
    *,
    id: str = "prompt",
    system: Text | None = None,
    prompt: Text | None = None,
    messages: Messages | None = None,
    input: type[BaseModel] | None = None,
    output: TypeForm[Wanted] = NO_OUTPUT,
    use: Iterable[Context] = (),
    tools: Tools | None = None,
    token_budget: int | None = None,
    count_tokens: CountTokens = estimate_tokens,
) -> Prompt[Wanted]:
    """A prompt: a system text with contexts after it, earlier messages, a last one of the user.

    Args:
        system: never dropped, whatever the budget.
        prompt: the user's message. With neither `prompt` nor `messages` the input itself is the message.
        input: what the input must be.
        output: what the result must be, any type pydantic knows.
        use: contexts, in the order in which they stand.
        token_budget: tokens the system text may have; contexts of the lowest priority go first.
        count_tokens: a tokenizer instead of the estimate.
    """
    what = f"of prompt {shown(given.text(id, 'The id of a prompt'))}"
    for name, value in (("system", system), ("prompt", prompt)):
        if value is not None:
            text_or_function(value, f"The {name} {what}")
    kind: object = input
    if kind is not None and not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        raise ValueRefused(f"The input {what} is a pydantic model, a class, not {shown(input)}.")
    if messages is not None and not callable(messages):
        messages = _dicts(messages, what)
    return Prompt(
        id=id,
        system=system,
        prompt=prompt,
        messages=messages,
        input=input,
        output=output,
        use=several_contexts(use),
        tools=named(tools),
        token_budget=_budget(token_budget),
        count_tokens=given.function(count_tokens, f"The count_tokens {what}"),
    )


def _dicts(messages: Sequence[Message], what: str) -> list[Message]:
    return [dict(given.mapping(each, f"A message {what}")) for each in given.several(messages, f"The messages {what}")]


def _budget(tokens: int | None) -> int | None:
    return None if tokens is None else given.whole(tokens, "A token_budget")


def has_words(input: Any) -> bool:
    """Whether an input says anything: 0 and False do, None, "", {} and [] do not."""
    return input is not None and input not in ("", {}, [])


def _joined(*texts: str) -> str:
    return SEPARATOR.join(filter(None, texts))


def _said(words: Any) -> Message:
    return {"role": "user", "content": as_text(words)}
