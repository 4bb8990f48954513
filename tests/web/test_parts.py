from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_app.rules.statuses import AttemptStatus, ListStatus, TaskStatus
from tasks_app.web import parts
from tasks_app.web.snapshots import KINDS, Board, segments
from tests.web.snapshots import a_column, a_head

COUNTS = st.dictionaries(st.sampled_from([status.value for status in TaskStatus]), st.integers(0, 100_000))


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "–"), (0, "0:00"), (7.9, "0:07"), (761, "12:41"), (10_812, "3:00:12"), (-3, "0:00")]
)
def test_a_clock_counts_minutes_and_hours(seconds: float | None, text: str) -> None:
    assert parts.clock(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (40, "40 s"), (372, "6 min"), (7500, "2 h 5 min"), (86_400, "24 h")]
)
def test_an_estimate_is_as_exact_as_it_deserves(seconds: float, text: str) -> None:
    assert parts.about(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (1000, "1 k"), (9_800, "9.8 k"), (999_999, "1 M"), (1_240_000, "1.24 M"), (14.2, "14.2")],
)
def test_a_large_number_has_three_figures_and_a_unit(number: float, text: str) -> None:
    assert parts.short(number) == text


@pytest.mark.parametrize(
    ("cost", "text"), [(None, ""), ("0", "$0.00"), ("1.84", "$1.84"), ("0.0031", "$0.0031"), ("0.0000312", "$0.000031")]
)
def test_a_cost_that_is_not_nothing_never_reads_as_nothing(cost: str | None, text: str) -> None:
    assert parts.usd(Decimal(cost) if cost else None) == text


def test_every_status_has_a_shape_and_a_word() -> None:
    for status in (*TaskStatus, *AttemptStatus, *ListStatus):
        assert status.value in KINDS


@given(counts=COUNTS, missing=st.integers(0, 10))
def test_a_progress_bar_is_filled_without_gaps_and_hides_nothing(counts: dict[str, int], missing: int) -> None:
    bar = segments(counts, sum(counts.values()) + missing)

    assert sum(piece.count for piece in bar) == sum(counts.values())
    assert all(piece.width > 0.9 for piece in bar)
    for left, right in pairwise(bar):
        assert left.left + left.width == pytest.approx(right.left, abs=0.02)
    if bar:
        assert bar[0].left == 0
        assert bar[-1].left + bar[-1].width == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize(
    ("value", "text"),
    [("plain", "plain"), ('{"a": 1}', '{\n  "a": 1\n}'), ({"é": [1]}, '{\n  "é": [\n    1\n  ]\n}'), (None, "null")],
)
def test_json_is_shown_indented_and_other_text_as_it_is(value: Any, text: str) -> None:
    assert parts.pretty(value) == text


def test_a_result_is_shown_key_by_key() -> None:
    shown = parts.entries({"main_points": ["a", 2], "done": True, "nothing": None, "deep": {"x": [1]}})

    assert [(entry.name, entry.text, entry.items) for entry in shown[:3]] == [
        ("main points", "", ("a", "2")),
        ("done", "yes", ()),
        ("nothing", "none", ()),
    ]
    assert shown[3].code.startswith("{")


def test_a_result_that_is_no_object_is_one_entry_without_a_name() -> None:
    assert [(entry.name, entry.text) for entry in parts.entries("words")] == [("", "words")]


def test_a_narrow_board_opens_with_the_column_that_matters() -> None:
    failed, done = a_column(name="failed", count=1), a_column(name="done", count=9)

    assert Board(a_head(), (done, failed)).shown == "failed"
    assert Board(a_head(), (done, failed), show="done").shown == "done"
    assert Board(a_head(), ()).shown == "todo"
