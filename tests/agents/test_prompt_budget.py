"""Prompts of limited size, as `inspect` tells of them: held against the rules, drawn up once more and more slowly."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tasks_app.agents.contexts import Context, context
from tasks_app.agents.prompt import prompt
from tasks_app.crossing import run_sync
from tasks_app.rules.budget import estimate_tokens

Count = Callable[[str], int]

REASON = "over the token budget"


@dataclass(frozen=True)
class Piece:
    """A context as it is given: its id, its text, its priority."""

    id: str
    text: str
    priority: int

    def as_context(self) -> Context:
        """It brings a tool of its own name."""
        return context(self.text, id=self.id, priority=self.priority, tools={f"read_{self.id}": lambda: ""})


@dataclass(frozen=True)
class Case:
    """A prompt's own text, the contexts of the prompt and of the call, a budget and a tokenizer."""

    own: str
    of_prompt: list[Piece]
    of_call: list[Piece]
    budget: int
    count: Count

    @property
    def pieces(self) -> list[Piece]:
        """All contexts in the order of `use`."""
        return [*self.of_prompt, *self.of_call]

    def inspect(self) -> dict[str, Any]:
        """What the prompt tells of itself."""
        made = prompt(system=self.own, use=[piece.as_context() for piece in self.of_prompt], count_tokens=self.count)
        added = [piece.as_context() for piece in self.of_call]
        return run_sync(made.inspect, use=added, token_budget=self.budget)

    def tokens(self, pieces: list[Piece]) -> int:
        """What a system text with these contexts costs: each text, and one for each blank line between two."""
        texts = [text for text in (self.own, *(piece.text for piece in pieces)) if text]
        return sum(map(self.count, texts)) + max(len(texts) - 1, 0)

    def kept(self) -> list[Piece]:
        """Those that stay: of all ways to drop the first so many by rank, the one that drops fewest and fits."""
        said = [piece for piece in self.pieces if piece.text]
        by_rank = sorted(said, key=lambda piece: (piece.priority, said.index(piece)))
        for gone in range(len(by_rank)):
            kept = [piece for piece in said if piece not in by_rank[:gone]]
            if self.tokens(kept) <= self.budget:
                return kept
        return []


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Small texts and few priorities, so that budgets bind and ranks tie."""
    texts = st.text("ab €\n", max_size=12).map(str.strip)
    rows = draw(st.lists(st.tuples(texts, st.integers(0, 3)), max_size=7))
    pieces = [Piece(f"c{number}", *row) for number, row in enumerate(rows)]
    of_prompt = draw(st.integers(0, len(pieces)))
    count: Count = draw(st.sampled_from([estimate_tokens, len, lambda text: len(text.split())]))
    return Case(draw(texts), pieces[:of_prompt], pieces[of_prompt:], draw(st.integers(-1, 40)), count)


@given(cases())
@example(Case("own", [Piece("a", "aaa", 1), Piece("b", "bbb", 1)], [Piece("c", "ccc", 0)], 3, estimate_tokens))
def test_the_system_text_is_its_own_and_what_stays_in_the_order_of_use_uncut(case: Case) -> None:
    parts = [case.own, *(piece.text for piece in case.kept())]

    assert case.inspect()["system"] == "\n\n".join(filter(None, parts))


@given(cases())
def test_its_own_text_always_stays(case: Case) -> None:
    assert case.inspect()["system"].startswith(case.own)


@given(cases())
def test_it_fits_unless_its_own_text_is_all_there_is(case: Case) -> None:
    seen = case.inspect()

    assert seen["tokens"] == case.tokens(case.kept())
    assert seen["tokens"] <= case.budget or seen["system"] == case.own


@given(cases())
def test_each_context_is_in_the_text_or_told_as_dropped_or_skipped(case: Case) -> None:
    seen, kept = case.inspect(), case.kept()
    dropped = [piece for piece in case.pieces if piece.text and piece not in kept]

    assert seen["skipped"] == [piece.id for piece in case.pieces if not piece.text]
    assert seen["dropped"] == [
        {"id": piece.id, "tokens": case.count(piece.text), "priority": piece.priority, "reason": REASON}
        for piece in dropped
    ]


@given(cases())
def test_the_tools_of_every_context_are_there(case: Case) -> None:
    assert case.inspect()["tools"] == [f"read_{piece.id}" for piece in case.pieces]


@given(cases())
def test_with_room_for_all_nothing_is_dropped(case: Case) -> None:
    said = [piece for piece in case.pieces if piece.text]
    roomy = Case(case.own, case.of_prompt, case.of_call, case.tokens(said), case.count)

    assert roomy.inspect()["dropped"] == []


def own_text(input: str) -> str:
    """A system text made from the input."""
    return f"You know {input}."


async def own_text_later(input: str) -> str:
    """The same, awaited."""
    return own_text(input)


@pytest.mark.parametrize("system", [own_text, own_text_later])
@pytest.mark.parametrize("budget", [0, -1])
async def test_no_budget_at_all_leaves_the_own_text_even_where_a_function_makes_it(system: Any, budget: int) -> None:
    made = prompt(system=system, use=[context("x", id="x"), context("y", id="y", priority=99)], token_budget=budget)
    seen = await made.inspect("Rome")

    assert seen["system"] == "You know Rome."
    assert [each["id"] for each in seen["dropped"]] == ["x", "y"]


async def test_a_budget_of_the_call_comes_before_the_prompts() -> None:
    made = prompt(use=[context("x" * 30, id="x")], token_budget=3)

    assert (await made.inspect())["system"] == ""
    assert (await made.inspect(token_budget=10))["system"] == "x" * 30
    assert (await made.inspect(token_budget=0))["dropped"][0]["tokens"] == 10


async def test_the_wish_for_json_stands_last_is_counted_and_never_dropped() -> None:
    made = prompt(system="own", use=[context("x", id="x"), context("y", id="y", priority=99)], output=list[int])
    whole = await made.inspect()
    short = await made.inspect(token_budget=whole["tokens"] - 1)
    own, x, y, wish = whole["system"].split("\n\n")

    assert (own, x, y) == ("own", "x", "y")
    assert json.loads(wish[wish.index("{") :]) == {"type": "array", "items": {"type": "integer"}}
    assert short["system"] == f"own\n\ny\n\n{wish}"
    assert (await made.inspect(token_budget=0))["system"] == f"own\n\n{wish}"


async def test_a_context_that_fails_is_no_empty_one_and_its_error_names_it() -> None:
    def broken() -> str:
        raise ValueError("no such file")

    with pytest.raises(ValueError, match="no such file") as raised:
        await prompt(id="write", system="own", use=[context(broken, id="plan")], token_budget=0).inspect()

    assert raised.value.__notes__ == ["in context 'plan' of prompt 'write'"]
