"""What may be stored, and what becomes of what may not."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from tasks_app.errors import ValueRefused
from tasks_app.rules.values import MAX_DEPTH, as_json, clean_text, excerpt, headline, is_id, storable

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
anything = st.text(st.characters())  # NUL and halves of surrogate pairs, too
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)


def json_of(text: st.SearchStrategy[str], leaves: st.SearchStrategy[Any] = scalars) -> st.SearchStrategy[Any]:
    return st.recursive(leaves | text, lambda inner: st.lists(inner) | st.dictionaries(text, inner), max_leaves=20)


class Page(BaseModel):
    """A value of an agent's own."""

    title: str
    score: float = 0.5


def nested(depth: int, wrap: Callable[[Any], Any] = lambda inner: [inner], core: Any = 1) -> Any:
    for _ in range(depth):
        core = wrap(core)
    return core


def plain(value: Any, max_bytes: int = 10_000) -> Any:
    return as_json(value, what="The result of task 'a'", max_bytes=max_bytes)


@given(json_of(texts))
def test_json_comes_out_as_it_went_in(value: Any) -> None:
    assert plain(value, max_bytes=10**6) == value


def test_pydantic_values_are_dumped_wherever_they_stand() -> None:
    assert plain({"pages": [Page(title="One")]}) == {"pages": [{"title": "One", "score": 0.5}]}


def test_tuples_become_lists() -> None:
    assert plain((1, (2,))) == [1, [2]]


def circle() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({1, 2}, "is not JSON: set has no JSON form"),
        (b"bytes", "is not JSON: bytes has no JSON form"),
        (object(), "is not JSON"),
        ({(1, 2): 3}, "is not JSON"),
        (float("nan"), "is not JSON"),
        ([float("inf")], "is not JSON"),
        (Page(title="One", score=float("-inf")), "is not JSON"),
        pytest.param(10**5000, "is not JSON", id="a number of 5,000 digits"),
        (circle(), "is not JSON"),
        ("a\x00b", "holds a NUL"),
        ({"a\x00b": 1}, "holds a NUL"),
        ([[["\x00"]]], "holds a NUL"),
        ("\ud800", "half a surrogate pair"),
        ({"\udfff": 1}, "half a surrogate pair"),
        ("x" * 10_000, "is 10,002 bytes as JSON; at most 10,000 are stored"),
        ("€" * 4_000, "is 12,002 bytes"),
    ],
)
def test_what_is_not_json_or_cannot_be_stored_is_refused_by_name(value: Any, words: str) -> None:
    with pytest.raises(ValueRefused, match=words) as refusal:
        plain(value)

    assert str(refusal.value).startswith("The result of task 'a' ")


def test_a_value_may_be_exactly_as_large_as_allowed() -> None:
    assert plain("x" * 9_998) == "x" * 9_998


def test_a_backslash_before_u0000_is_text() -> None:
    assert plain("\\u0000 and \\\\u0000") == "\\u0000 and \\\\u0000"


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}], ids=["lists", "objects"])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 450, 990, 3_000, 100_000])
@pytest.mark.parametrize("core", [1, "\x00"])
def test_what_is_nested_too_deep_is_refused_however_deep(wrap: Any, depth: int, core: Any) -> None:
    with pytest.raises(ValueRefused, match="more than 200 levels deep"):
        plain(nested(depth, wrap, core), max_bytes=10**7)


def test_what_is_nested_as_deep_as_allowed_is_stored() -> None:
    assert plain(nested(MAX_DEPTH)) == nested(MAX_DEPTH)


@given(anything, st.integers(1, 20))
def test_cleaned_text_can_be_stored_and_is_no_longer_than_asked(text: str, max_chars: int) -> None:
    cleaned = clean_text(text, max_chars=max_chars)

    assert len(cleaned) <= max_chars
    assert "\x00" not in cleaned
    cleaned.encode()


@given(texts)
def test_good_text_is_left_alone(text: str) -> None:
    assert clean_text(text) == text


def test_what_no_database_stores_is_replaced_and_what_is_too_long_ends_in_an_ellipsis() -> None:
    assert clean_text("a\x00b\ud800c") == "a\ufffdb\ufffdc"
    assert clean_text("abcdef", max_chars=4) == "abc…"


@pytest.mark.parametrize("text", ["a", "notes/one.md", "Ü 1", "x" * 200, "\U0001f600"])
def test_an_id_is_what_people_would_type(text: str) -> None:
    assert is_id(text)


@pytest.mark.parametrize("text", ["", " ", " a", "a\n", "x" * 201, "a\x00", "\ud800"])
def test_an_id_has_no_blanks_at_its_ends_and_can_be_stored(text: str) -> None:
    assert not is_id(text)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (None, ""),
        ("  two\n\n lines ", "two lines"),
        ("\n" * 5_000 + "far down", "far down"),
        ({"summary": "In short", "title": "T"}, "In short"),
        ({"summary": " ", "title": "T"}, "T"),
        ({"summary": 3, "n": 1}, '{"summary": 3, "n": 1}'),
        ({"result": "R"}, "R"),
        ([1, 2], "[1, 2]"),
        (0, "0"),
        (False, "false"),
        ("ü" * 201, "ü" * 199 + "…"),
        ("a\x00b", "a\ufffdb"),
    ],
)
def test_a_headline_is_the_line_that_says_most(value: Any, line: str) -> None:
    assert headline(value) == line


@given(json_of(anything))
def test_any_value_has_a_headline_of_one_line(value: Any) -> None:
    line = headline(value)

    assert len(line) <= 200
    assert line == " ".join(line.split())
    line.encode()


@given(json_of(anything, scalars | st.floats()))
def test_whatever_comes_from_outside_is_made_storable(value: Any) -> None:
    made = storable(value)

    assert as_json(made, what="It", max_bytes=10**7) == made


@given(json_of(texts))
def test_what_is_storable_is_left_alone(value: Any) -> None:
    assert storable(value) == value


def test_what_is_nested_too_deep_is_cut_off() -> None:
    made = storable(json.loads("[" * 500 + "]" * 500))

    assert as_json(made, what="It", max_bytes=10**4) == nested(MAX_DEPTH, core="…")


@given(json_of(texts), st.integers(1, 50))
def test_an_excerpt_is_the_value_itself_or_a_text_that_is_short(value: Any, max_chars: int) -> None:
    shown = excerpt(value, max_chars=max_chars)

    assert shown is value or len(shown) == max_chars
    if isinstance(value, (str, list, dict)) and len(json.dumps(value)) <= max_chars:
        assert shown is value
