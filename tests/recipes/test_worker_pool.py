"""The recipe of a pool: a queue that is emptied by hand, with a pause, and the short way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tasks_app.conf import conf
from tasks_app.crux import ScriptedModel, create_handle
from tasks_app.llm.loopback import serve_in_thread
from tasks_app.llm.scripted import Scripted, call, serving
from tasks_app.recipes import worker_pool
from tests.recipes.scripts import DONE, ended, scripted, system_texts, use

pytestmark = pytest.mark.django_db(transaction=True)

SUMMARY: list[Scripted] = [
    call("start_task"),
    call("report_progress", message="Reading"),
    call("complete_task", result="S."),
    "Done.",
]
QUESTION: list[Scripted] = [call("start_task"), call("complete_task", result="Q?"), "Done."]


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedModel]:
    """The deployment's model: it summarises and it proofreads, over HTTP."""
    model = scripted({"You check": QUESTION, "summar": SUMMARY})
    monkeypatch.setattr(conf, "model", model.name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve_in_thread(serving(model)) as base_url:
        monkeypatch.setenv("OPENAI_BASE_URL", base_url)
        yield model


async def test_the_queue_is_emptied_by_whom_each_task_names(
    model: ScriptedModel, capsys: pytest.CaptureFixture[str]
) -> None:
    batch, quick = await worker_pool.main()

    summary, question = ("completed", "S."), ("completed", "Q?")
    assert await ended(batch) == {"shed": summary, "bees": question, "rent": summary, "gate": question}
    assert await ended(quick) == dict.fromkeys(worker_pool.DOCUMENTS, summary)
    assert (await batch.get()).started_at is None  # worked on by hand: no pool has looked at it
    assert (await quick.get()).started_at is not None
    out = capsys.readouterr().out
    assert "Paused for lunch: 0 ran." in out
    assert "After lunch: 1 ran.\n4 of 4 done · 0 running · 0 failed" in out
    assert "  completed   Read bees: Q?" in out


async def test_each_agent_is_told_its_document_and_its_assignment(model: ScriptedModel) -> None:
    list_id = await worker_pool.start_batch({"a": "Tides rise."})
    assert await worker_pool.drain(list_id, {"a": "Tides rise."}, model, concurrency=1) == 1

    (told,) = system_texts(model)
    assert told.startswith("You summarise a document in two sentences.\n\n## Your Assignment\n**Task:** Read a")
    assert model.calls[0].messages[-1] == {"role": "user", "content": "Tides rise."}


async def test_no_more_run_at_once_than_are_let() -> None:
    running, most = 0, 0

    async def begin(messages: object, tools: object) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        return call("start_task")

    async def end(messages: object, tools: object) -> Any:
        nonlocal running
        running -= 1
        return "Done."

    documents = {str(number): "Tides rise." for number in range(7)}
    list_id = await worker_pool.start_batch(documents)
    model = ScriptedModel([begin, call("complete_task", result="S."), end], by_turn=True)
    async with asyncio.timeout(60):
        await worker_pool.drain(list_id, documents, model, concurrency=3)

    assert (running, most) == (0, 3)
    assert len(await ended(create_handle(list_id))) == 7


async def test_a_drain_finds_only_what_is_pending_and_nothing_twice() -> None:
    documents = {"a": "Tides rise.", "b": "Tides fall."}
    list_id = await worker_pool.start_batch(documents)
    batch = create_handle(list_id)
    await batch.skip_task("b")
    model = ScriptedModel(DONE, by_turn=True)

    assert await worker_pool.drain(list_id, documents, model, concurrency=5) == 1
    assert await worker_pool.drain(list_id, documents, model, concurrency=5) == 0
    assert {task.id: (task.status, task.attempt) for task in await batch.get_tasks()} == {
        "a": ("completed", 1),
        "b": ("skipped", 0),
    }


async def test_progress_says_what_failed_and_what_runs() -> None:
    list_id = await worker_pool.start_batch({"a": "Tides rise.", "b": "Tides fall."})
    batch = create_handle(list_id)
    first, second = batch.worker("a"), batch.worker("b")  # kept: one that is thrown away gives its task back
    await use(first, "fail_task", error="illegible")
    await use(second, "start_task")

    assert await worker_pool.progress(batch) == (
        "0 of 2 done · 1 running · 1 failed\n  failed      Read a: illegible\n  in_progress Read b"
    )
