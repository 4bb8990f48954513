from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from tasks_app.llm.extract import digest
from tasks_app.llm.schemas import CannotFill, fill, fill_known
from tests.llm.conftest import unhurried

TEXT = """\
Tidal power turns tides into electricity. The barrage at La Rance has worked since 1966-11-26.
Ask ada@tides.example about turbines. Tides can be predicted for centuries.
"""


def filled(schema: Any, text: str = TEXT) -> Any:
    return fill(schema, digest(text), text)


class Grade(Enum):
    GOOD = "good"
    BAD = "bad"


class Source(BaseModel):
    name: str
    year: int = Field(ge=1900, le=2100)


class Node(BaseModel):
    label: str
    children: list[Node] = []
    parent: Node | None = None


class Review(BaseModel):
    title: str = Field(max_length=30)
    summary: str
    keywords: list[str] = Field(min_length=1, max_length=3)
    highlights: list[str]
    grade: Grade
    kind: Literal["report", "letter"]
    score: Annotated[float, Field(gt=0, lt=1)]
    words: int
    even: Annotated[int, Field(multiple_of=2, ge=3)]
    worked_since: date
    contact: str = Field(pattern=r"^\S+@\S+\.\w+$")
    published: bool
    source: Source
    sources: list[Source]
    editor: Source | None
    subtitle: str | None = None
    pair: tuple[int, str]
    tree: Node
    notes: dict[str, str]
    anything: Any
    born: date | None = Field(None, alias="birth-date")


def test_a_models_own_fields_are_filled_so_that_it_is_valid() -> None:
    review = Review.model_validate(filled(Review.model_json_schema()))
    read = digest(TEXT)
    assert review.summary == review.anything == read.summary
    assert read.title.startswith(review.title)
    assert review.keywords == list(read.terms[:3])
    assert review.highlights == list(read.chosen)
    assert (review.grade, review.kind) == (Grade.GOOD, "report")
    assert 0 < review.score < 1
    assert review.words == read.words
    assert review.even == 4
    assert review.worked_since == date(1966, 11, 26)
    assert review.contact == "ada@tides.example"
    assert review.source.year == 1900
    assert review.sources == [review.source]
    assert review.tree.children == []
    assert review.tree.parent is None


@pytest.mark.parametrize(
    "schema", [{}, True, None, {"type": "string"}, {"type": ["null", "string"]}, {"description": "x"}]
)
def test_where_anything_or_text_goes_it_is_the_summary(schema: Any) -> None:
    assert filled(schema) == digest(TEXT).summary


def test_the_worker_tools_result_is_a_plain_string() -> None:
    schema = {"type": "object", "properties": {"result": {"default": None}}}
    assert filled(schema) == {"result": digest(TEXT).summary}


def test_what_the_text_does_not_hold_is_refused_by_name_or_left_out() -> None:
    dated = {
        "type": "object",
        "properties": {"due": {"type": "string", "format": "date"}},
        "required": ["due"],
    }
    with pytest.raises(CannotFill, match="'due' asks for date, and the text has none"):
        filled(dated, "No day is named here.")
    assert filled({**dated, "required": []}, "No day is named here.") == {}


def test_alternatives_are_tried_in_turn() -> None:
    number = {"type": "integer"}
    never = {"type": "string", "pattern": "^zzz$"}
    assert filled({"anyOf": [{"type": "null"}, never, number]}) == 0
    assert filled({"oneOf": [{"type": "null"}, never]}) is None
    with pytest.raises(CannotFill):
        filled({"anyOf": [never]})


def test_parts_are_put_together() -> None:
    schema = {
        "allOf": [{"$ref": "#/$defs/a"}, {"properties": {"y": {"const": 2}}}],
        "$defs": {"a": {"properties": {"x": {"const": 1}}, "type": "object"}},
    }
    assert filled(schema) == {"x": 1, "y": 2}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/nowhere"},
        {"$ref": "https://elsewhere.example/schema"},
        {"enum": []},
        {"type": "strange"},
        {"type": "array", "minItems": 99},
        {"type": "string", "minLength": 10**6},
        {"allOf": [{"$ref": "#/allOf/0"}]},
        {"type": "integer", "multipleOf": 5e-324, "minimum": 1e300},
    ],
)
def test_a_schema_that_nothing_fits_is_refused(schema: Any) -> None:
    with pytest.raises(CannotFill):
        filled(schema)


def test_a_schema_that_doubles_itself_ends() -> None:
    levels = {
        f"l{n}": {"type": "object", "properties": {key: {"$ref": f"#/$defs/l{n + 1}"} for key in "abcdefgh"}}
        for n in range(40)
    }
    filled({"$ref": "#/$defs/l0", "$defs": levels})


WORDS = st.sampled_from(
    [
        "type",
        "properties",
        "items",
        "enum",
        "const",
        "anyOf",
        "allOf",
        "required",
        "format",
        "pattern",
        "$ref",
        "minItems",
        "maxItems",
        "prefixItems",
        "minimum",
        "maximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "default",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        [
            "string",
            "object",
            "array",
            "integer",
            "number",
            "boolean",
            "null",
            "date",
            "#",
            "#/properties",
            "(",
            "a*",
        ]
    )
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


@unhurried
@given(SCHEMAS)
def test_any_schema_gives_a_value_or_a_reason(schema: Any) -> None:
    with suppress(CannotFill):
        json.dumps(filled(schema))
    with suppress(CannotFill):
        json.dumps(fill_known(schema, {"title": "T", "items": [{"enum": "E"}], "oneOf": "O"}, digest(TEXT), TEXT))


def test_known_values_go_where_the_schema_has_a_place_and_only_what_is_required_is_added() -> None:
    text = {"type": "string"}
    entry = {"properties": {"id": text, "note": text, "size": {"type": "integer"}}, "required": ["size"]}
    schema = {
        "properties": {
            "title": {**text, "maxLength": 6},
            "tasks": {"anyOf": [{"$ref": "#/$defs/Tasks"}, {"type": "null"}]},
        },
        "$defs": {"Tasks": {"type": "array", "items": {"$ref": "#/$defs/Entry"}, "maxItems": 1}, "Entry": entry},
    }
    known = {"title": "Spring tides", "tasks": [{"id": "a", "label": "A"}, {"id": "b"}], "plan_id": "7"}

    assert fill_known(schema, known, digest(TEXT), TEXT) == {"title": "Spring", "tasks": [{"id": "a", "size": 0}]}


@unhurried
@given(st.integers(-50, 50), st.integers(0, 100), st.integers(1, 7), st.sampled_from(["integer", "number"]))
def test_numbers_keep_their_bounds(least: int, span: int, step: int, kind: str) -> None:
    value = filled({"type": kind, "minimum": least, "maximum": least + span + step, "multipleOf": step})
    assert least <= value <= least + span + step
    assert value % step == 0
    open_ended = filled({"type": kind, "exclusiveMinimum": least, "exclusiveMaximum": least + span + 2})
    assert least < open_ended < least + span + 2
