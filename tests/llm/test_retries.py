from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_app.llm.retries import Fault, Retries, seconds_asked
from tests.llm.conftest import unhurried


@unhurried
@given(
    deadline=st.none() | st.floats(0, 10_000),
    wishes=st.lists(st.none() | st.floats(0, 1e9), min_size=1, max_size=50),
)
def test_no_wait_reaches_beyond_the_end_and_the_wish_is_never_undercut(
    deadline: float | None, wishes: list[float | None]
) -> None:
    now, end = 0.0, 60.0 if deadline is None else deadline
    retries = Retries(now, deadline)
    for wish in wishes:
        wait = retries.wait_after(Fault("stumbled", retry_after=wish), now)
        if wait is None:
            break
        assert now + wait < end
        assert wait >= (wish or 0)
        assert wait >= 0.375
        now += wait
    assert deadline is not None or retries.tries <= 5


def test_thousands_of_tries_do_not_overflow() -> None:
    retries = Retries(0, 1e9)
    waits = [retries.wait_after(Fault("down"), 0) for _ in range(5000)]
    assert max(wait for wait in waits if wait is not None) <= 25


def test_a_fault_for_good_is_not_waited_for() -> None:
    assert Retries(0, 100).wait_after(Fault("no", retryable=False), 0) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("-3", 0),
        ("", None),
        (None, None),
        ("soon", None),
        ("nan", None),
        ("Mon, 99", None),
    ],
)
def test_retry_after_in_seconds(header: str | None, seconds: float | None) -> None:
    assert seconds_asked(header) == seconds


def test_retry_after_as_a_date_counts_from_now_and_never_below_zero() -> None:
    now = datetime.now(UTC)
    soon = seconds_asked(format_datetime(now + timedelta(seconds=100), usegmt=True))
    assert soon is not None
    assert 90 < soon <= 100
    assert seconds_asked(format_datetime(now - timedelta(hours=1), usegmt=True)) == 0
    assert seconds_asked("Sun, 06 Nov 1994 08:49:37 -0000") == 0


@unhurried
@given(st.text())
def test_any_header_gives_seconds_or_nothing(header: str) -> None:
    seconds = seconds_asked(header)
    assert seconds is None or seconds >= 0
