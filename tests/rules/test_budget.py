"""Fitting contexts into a budget."""

from hypothesis import given
from hypothesis import strategies as st

from tasks_app.rules.budget import SEPARATOR, Block, estimate_tokens, fit

blocks = st.lists(
    st.builds(Block, id=st.uuids().map(str), text=st.text(min_size=1, max_size=40), priority=st.integers(0, 4)),
    max_size=8,
)
own_texts = st.text(max_size=40)


@given(blocks)
def test_without_a_budget_everything_stays(given_blocks: list[Block]) -> None:
    assert fit("own", given_blocks, budget=None).kept == tuple(given_blocks)


@given(own_texts, blocks, st.integers(0, 120))
def test_what_is_kept_fits_unless_the_own_text_alone_does_not(own: str, given_blocks: list[Block], budget: int) -> None:
    fitted = fit(own, given_blocks, budget=budget)

    assert fitted.tokens <= budget or not fitted.kept


@given(own_texts, blocks, st.integers(0, 120))
def test_the_tokens_are_those_of_own_text_kept_blocks_and_one_separator_between_each(
    own: str, given_blocks: list[Block], budget: int
) -> None:
    fitted = fit(own, given_blocks, budget=budget)
    parts = [text for text in (own, *(block.text for block in fitted.kept)) if text]

    expected = sum(map(estimate_tokens, parts)) + estimate_tokens(SEPARATOR) * max(len(parts) - 1, 0)
    assert fitted.tokens == expected


@given(own_texts, blocks, st.integers(0, 120))
def test_what_is_dropped_ranks_below_all_that_is_kept_by_priority_then_place(
    own: str, given_blocks: list[Block], budget: int
) -> None:
    fitted = fit(own, given_blocks, budget=budget)
    rank = {block.id: (block.priority, place) for place, block in enumerate(given_blocks)}

    assert all(rank[gone.id] < rank[kept.id] for gone in fitted.dropped for kept in fitted.kept)


@given(own_texts, blocks, st.integers(0, 120))
def test_survivors_keep_their_order_and_none_is_cut(own: str, given_blocks: list[Block], budget: int) -> None:
    fitted = fit(own, given_blocks, budget=budget)

    assert [block for block in given_blocks if block in fitted.kept] == list(fitted.kept)
    assert sorted([*fitted.kept, *fitted.dropped], key=given_blocks.index) == given_blocks


@given(own_texts, blocks, st.integers(0, 120))
def test_no_block_goes_that_could_have_stayed(own: str, given_blocks: list[Block], budget: int) -> None:
    fitted = fit(own, given_blocks, budget=budget)
    if not fitted.dropped:
        return
    last_to_go = max(fitted.dropped, key=lambda block: (block.priority, given_blocks.index(block)))
    with_it = [block for block in given_blocks if block in fitted.kept or block is last_to_go]

    assert fit(own, with_it, budget=None).tokens > budget


def test_of_equal_priorities_the_earlier_goes_first() -> None:
    first, second = Block("first", "aaa", 50), Block("second", "bbb", 50)

    fitted = fit("own", [first, second], budget=3)

    assert fitted.kept == (second,)
    assert fitted.dropped == (first,)


def test_a_separator_is_one_token_whoever_counts() -> None:
    fitted = fit("own", [Block("a", "aaaa", 50)], budget=8, count=len)

    assert (fitted.kept, fitted.tokens) == ((Block("a", "aaaa", 50),), 8)


def test_a_token_is_estimated_as_three_bytes_rounded_up() -> None:
    assert [estimate_tokens(text) for text in ("", "a", "abc", "abcd", "ü€")] == [0, 1, 1, 2, 2]
