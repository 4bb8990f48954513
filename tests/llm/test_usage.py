from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_app.conf import conf
from tasks_app.llm.model import Usage
from tasks_app.llm.usage import cost, estimate_tokens, usage_of
from tests.llm.conftest import unhurried

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def test_the_cost_is_by_the_million(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "prices", {"m": (0.15, 0.6)})
    assert cost({}, Usage(1000, 200), "m") == Decimal("0.00027")


def test_the_name_asked_for_goes_before_the_name_that_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "prices", {"m": (1, 1), "m-2024": (9, 9)})
    assert cost({}, Usage(1_000_000, 0), "m", "m-2024") == 1
    assert cost({}, Usage(1_000_000, 0), "other", "m-2024") == 9


def test_the_providers_own_cost_goes_before_the_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "prices", {"m": (1, 1)})
    assert cost({"usage": {"cost": 0.0123}}, Usage(1_000_000, 0), "m") == Decimal("0.0123")
    assert cost({"usage": {"cost": 0}}, Usage(1_000_000, 0), "m") == 0


@pytest.mark.parametrize("said", [None, True, "much", -1, float("nan"), float("inf"), [1]])
def test_a_cost_that_is_none_is_not_believed(said: Any) -> None:
    assert cost({"usage": {"cost": said}}, Usage(10, 10), "m") is None


def test_an_unknown_price_is_no_cost() -> None:
    assert cost({}, Usage(10, 10), "m") is None


@unhurried
@given(JSON, JSON)
def test_any_usage_is_read_without_harm(usage: Any, count: Any) -> None:
    for said in (usage, {"prompt_tokens": count, "completion_tokens": usage, "cost": count}):
        read = usage_of({"usage": said})
        assert read.input_tokens >= 0
        assert read.total == read.input_tokens + read.output_tokens
        found = cost({"usage": said}, read, "m")
        assert found is None or found >= 0


@unhurried
@given(st.text())
def test_the_estimate_is_a_third_of_the_bytes_rounded_up(text: str) -> None:
    size = len(text.encode("utf-8", "replace"))
    assert size <= 3 * estimate_tokens(text) < size + 3
