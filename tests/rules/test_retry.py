"""When a failed task is tried again, and how soon."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_app.errors import CruxError, ModelError, UnknownAgent, ValueRefused
from tasks_app.rules.retry import backoff_seconds, is_retryable


def test_the_wait_doubles_from_a_second_to_a_minute() -> None:
    assert [backoff_seconds(failures) for failures in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


@given(st.integers(1, 10**9))
def test_no_wait_is_longer_than_a_minute_or_shorter_than_the_one_before(failures: int) -> None:
    assert 1 <= backoff_seconds(failures) <= backoff_seconds(failures + 1) <= 60


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no such page"),
        TimeoutError(),
        OSError("reset by peer"),
        SystemExit(1),
        CruxError("something"),
        ValueRefused("too large"),
        ModelError("busy"),
        ExceptionGroup("two at once", [ValueError(), OSError()]),
    ],
)
def test_what_may_pass_is_tried_again(error: BaseException) -> None:
    assert is_retryable(error)


@pytest.mark.parametrize(
    "error",
    [
        TypeError("x"),
        UnboundLocalError("x"),
        AttributeError("x"),
        ModuleNotFoundError("x"),
        IndentationError("x"),
        NotImplementedError(),
        UnknownAgent("x"),
        ModelError("no credit", retryable=False),
        ExceptionGroup("two at once", [ValueError(), TypeError()]),
        ExceptionGroup("one in one", [ExceptionGroup("inner", [NameError()])]),
    ],
)
def test_a_mistake_in_the_code_stays_and_is_not(error: BaseException) -> None:
    assert not is_retryable(error)
