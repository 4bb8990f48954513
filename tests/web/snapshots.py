"""Snapshots for tests of pages: a card, a column, a board that says what it is given."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tasks_app.web.snapshots import Card, Column, Head
from tasks_app.web.task_snapshots import TaskPage

LIST = UUID("00000000-0000-7000-8000-000000000001")
NOON = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


def a_card(**given: Any) -> Card:
    card = Card(
        key="intro",
        pk=7,
        dom_id="task-7",
        url="/here/",
        label="The introduction",
        agent="writer",
        status="in_progress",
        column="running",
        attempt=1,
        max_attempts=3,
        line="Reading",
        since=NOON,
        seconds=None,
        waits_for=0,
        cancelling=False,
        seq=5,
        list_id=LIST,
    )
    return replace(card, **given)


def a_column(**given: Any) -> Column:
    column = Column(
        name="running", title="Running", icon="running", count=1, limit=4, cards=(a_card(),), more=0, list_id=LIST
    )
    return replace(column, **given)


def a_head(**given: Any) -> Head:
    head = Head(
        id=LIST,
        url="/here/",
        title="A list",
        status="in_progress",
        status_word="Running",
        kind="running",
        counts={"completed": 3, "in_progress": 1},
        total=4,
        done=3,
        started=True,
        pauses=(),
        discarded=False,
        finished=False,
        tokens=1200,
        cost=None,
        per_minute=None,
        eta_seconds=None,
        concurrency=4,
        seq=5,
    )
    return replace(head, **given)


def a_task(**given: Any) -> TaskPage:
    page = TaskPage(
        list_id=LIST,
        list_title="A list",
        list_url="/list/",
        key="intro",
        pk=7,
        url="/here/",
        label="The introduction",
        status="completed",
        sentence="attempt 1",
        seq=5,
    )
    return replace(page, **given)
