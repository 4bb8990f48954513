"""Handles of plans and task lists: each verb, awaited and from plain code, and what it refuses."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import pytest

from tasks_app.agents.list_handle import TaskListHandle
from tasks_app.agents.plans import PlanHandle, create_plan
from tasks_app.agents.registry import worker
from tasks_app.agents.tasklist import create_handle, tasklist
from tasks_app.crossing import in_db, run_sync
from tasks_app.errors import (
    PlanNotFound,
    TaskListDiscarded,
    TaskListNotFound,
    TaskNotFound,
)
from tasks_app.services import claims
from tests.agents.handles import NOBODYS, a_handle
from tests.builders import check_books, claim_one

pytestmark = pytest.mark.django_db(transaction=True)

Verb = Callable[[], Any]
Walk = Generator[Verb, Any, None]

PLAN_VERBS = {name for name, _ in inspect.getmembers(PlanHandle, inspect.iscoroutinefunction) if name[0] != "_"}
LIST_VERBS = {name for name, _ in inspect.getmembers(TaskListHandle, inspect.iscoroutinefunction) if name[0] != "_"}


def walk_plan() -> Walk:
    """Every verb of a plan's handle; each is yielded to be called, and its value sent back."""
    handle = yield partial(create_plan, title="Book", content="# One", metadata={"tone": "dry"})
    assert PlanHandle(str(handle.id)) == handle
    made = yield handle.get
    assert (made.title, made.content, made.version, made.metadata) == ("Book", "# One", 1, {"tone": "dry"})
    assert (yield partial(handle.update, title="Tome", content="# Two")).version == 2
    assert (yield partial(handle.update, metadata={})).version == 2
    assert (yield handle.get).metadata == {}
    versions = yield handle.revisions
    assert [(each.version, each.title, each.content) for each in versions] == [
        (1, "Book", "# One"),
        (2, "Tome", "# Two"),
    ]


def walk_list() -> Walk:
    """Every verb of a task list's handle."""
    handle = yield partial(tasklist, title="Chapters", agent="writer", concurrency=2, metadata={"tone": "dry"})
    assert create_handle(str(handle.id)) == handle

    intro = yield partial(handle.add_task, "intro", label="Write\nintro", assignee={"model": "small"}, input={"a": 1})
    assert (intro.label, intro.model, intro.status, intro.position) == ("Write intro", "small", "pending", 1)
    new = [{"id": "body"}, {"id": "end", "depends_on": ["body"], "assignee": {"agent": "closer"}}, {"id": "note"}]
    assert [task.agent for task in (yield partial(handle.add_tasks, new))] == ["", "closer", ""]

    changed = yield partial(handle.update_task, "body", label="Body", assignee={"agent": "b"}, priority=3)
    assert (changed.label, changed.agent, changed.priority) == ("Body", "b", 3)
    assert (yield partial(handle.update_task, "intro", assignee={"agent": "x"})).model == "small"
    assert (yield partial(handle.update_task, "note", status="skipped", reason="brief")).skip_reason == "brief"
    yield partial(handle.remove_task, "note")

    assert (yield partial(handle.cancel_task, "body", "too long")).status == "cancelled"
    assert (yield partial(handle.get_task, "end")).skip_reason == "its dependency 'body' was cancelled"
    assert (yield partial(handle.retry_task, "body", "after all")).status == "pending"
    assert (yield partial(handle.skip_task, "intro")).status == "skipped"
    assert [(task.id, task.status) for task in (yield handle.get_tasks)] == [
        ("intro", "skipped"),
        ("body", "pending"),
        ("end", "pending"),
    ]

    assert (yield handle.start).started_at is not None
    assert (yield partial(handle.pause, "budget")).pauses == ("budget",)
    assert (yield partial(handle.resume, "budget")).pauses == ()
    claim = yield partial(in_db, claim_one)
    yield partial(in_db, claims.complete, claim, {"pages": 2})
    assert [(each.number, each.status, each.result) for each in (yield partial(handle.get_attempts, "body"))] == [
        (1, "completed", {"pages": 2})
    ]
    assert (yield handle.get_status) == "in_progress"
    counts = dict.fromkeys(("in_progress", "awaiting_approval", "failed", "cancelled"), 0)
    assert (yield handle.summary) == {**counts, "pending": 1, "completed": 1, "skipped": 1}

    worker("closer")(lambda input: "closed")
    assert (yield partial(handle.drain, 1)) == {**counts, "pending": 0, "completed": 2, "skipped": 1}
    yield partial(handle.add_task, "late")

    assert (yield partial(handle.discard, "changed plans")).status == "discarded"
    known = yield handle.get
    assert (known.title, known.agent, known.concurrency, known.metadata) == ("Chapters", "writer", 2, {"tone": "dry"})
    assert (known.discard_reason, known.finished, known.counts["cancelled"]) == ("changed plans", True, 1)
    yield partial(in_db, check_books, known)


WALKS = [(walk_plan, PLAN_VERBS), (walk_list, LIST_VERBS)]


@pytest.mark.parametrize(("walk", "verbs"), WALKS)
async def test_each_verb_is_awaited(walk: Callable[[], Walk], verbs: set[str]) -> None:
    steps, called, value = walk(), set(), None
    while (verb := next_of(steps, value)) is not None:
        called.add(name_of(verb))
        value = await verb()
    assert verbs <= called


@pytest.mark.parametrize(("walk", "verbs"), WALKS)
def test_each_verb_runs_from_plain_code(walk: Callable[[], Walk], verbs: set[str]) -> None:
    steps, called, value = walk(), set(), None
    while (verb := next_of(steps, value)) is not None:
        called.add(name_of(verb))
        value = run_sync(verb)
    assert verbs <= called


def next_of(steps: Walk, value: Any) -> Verb | None:
    try:
        return steps.send(value)
    except StopIteration:
        return None


def name_of(verb: Any) -> str:
    return str(getattr(verb, "func", verb).__name__)


async def test_a_handle_reads_afresh() -> None:
    handle = await a_handle("intro")
    other = create_handle(handle.id)
    await other.skip_task("intro")

    assert (await handle.get_task("intro")).status == "skipped"


@pytest.mark.parametrize("kind", [PlanHandle, TaskListHandle])
def test_an_id_that_is_no_uuid_is_refused_at_once(kind: Callable[[str], Any]) -> None:
    with pytest.raises(PlanNotFound if kind is PlanHandle else TaskListNotFound, match="'chapters'"):
        kind("chapters")


READS = [
    ("get", ()),
    ("get_status", ()),
    ("summary", ()),
    ("get_tasks", ()),
    ("get_task", ("intro",)),
    ("get_attempts", ("intro",)),
]
MOVES = [
    ("retry_task", ("intro",)),
    ("cancel_task", ("intro",)),
    ("skip_task", ("intro",)),
    ("remove_task", ("intro",)),
]
LIST_WRITES = [
    ("start", ()),
    ("pause", ()),
    ("resume", ()),
    ("add_task", ("more",)),
    ("add_tasks", ([{"id": "more"}],)),
]
WRITES = [*LIST_WRITES, *MOVES, ("update_task", ("intro",))]


@pytest.mark.parametrize(("verb", "arguments"), [*READS[:4], *WRITES, ("discard", ("why",))])
async def test_of_a_list_that_is_not_there_each_verb_says_so(verb: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TaskListNotFound, match=str(NOBODYS)):
        await getattr(create_handle(NOBODYS), verb)(*arguments)


@pytest.mark.parametrize("verb", ["get", "update", "revisions"])
async def test_of_a_plan_that_is_not_there_each_verb_says_so(verb: str) -> None:
    with pytest.raises(PlanNotFound, match=str(NOBODYS)):
        await getattr(PlanHandle(NOBODYS), verb)()


@pytest.mark.parametrize(("verb", "arguments"), [*READS[4:], *MOVES, ("update_task", ("intro",))])
async def test_of_a_task_that_is_not_there_or_was_removed_each_verb_says_so(
    verb: str, arguments: tuple[Any, ...]
) -> None:
    handle = await a_handle("intro")
    await handle.remove_task("intro")

    for task_id in ("intro", "outro"):
        with pytest.raises(TaskNotFound, match=task_id):
            await getattr(handle, verb)(task_id)


@pytest.mark.parametrize(("verb", "arguments"), WRITES)
async def test_after_a_discard_every_write_is_refused(verb: str, arguments: tuple[Any, ...]) -> None:
    handle = await a_handle("intro")
    await handle.discard("changed plans")

    with pytest.raises(TaskListDiscarded):
        await getattr(handle, verb)(*arguments)


async def test_after_a_discard_reads_go_on_and_the_first_reason_stays() -> None:
    handle = await a_handle("intro")
    await handle.discard("changed plans")

    assert (await handle.discard("again")).discard_reason == "changed plans"
    assert await handle.get_status() == "discarded"
    for verb, arguments in READS[1:]:
        assert await getattr(handle, verb)(*arguments) is not None
    assert [task.status for task in await handle.get_tasks()] == ["cancelled"]
