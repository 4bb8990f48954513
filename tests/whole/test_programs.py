"""Crux as programs use it: `crux run`, `crux export`, a token and a socket, beside a running `crux up`."""

import csv
import io
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tasks_app.errors import ModelError
from tasks_app.llm.scripted import Scripted, call
from tests.whole.conftest import home_of_its_own
from tests.whole.crux_up import CruxUp, crux
from tests.whole.models import LoopbackModel, on_loopback, plain
from tests.workers.processes import running as is_running
from tests.workers.processes import until
from tests.workers.records import as_json_lines

pytestmark = pytest.mark.process

PRICES = '{"scripted": [2, 4]}'  # USD a million tokens, in and out
CALLS = 4  # a task
USD_A_CALL = (1_000 * 2 + 500 * 4) / 1_000_000


def says(document: str, turn: int) -> Scripted:
    """A model that talks nonsense about documents that ask for it."""
    if "chatter" in document:
        return "I would rather talk about the weather."
    if "unheard-of" in document and turn < 2:
        return call("summon_rain") if turn else call("start_task")
    if "unheard-of" in document:
        return "That is all I can do."
    if "shapeless" in document and turn:
        return call("complete_task", result={"rain": "much"}) if turn == 1 else "There it is."
    if "refused" in document:
        return ModelError("This model reads no weather reports.", retryable=False)
    return plain(document, turn)


@pytest.fixture(scope="module")
def model() -> Iterator[LoopbackModel]:
    with on_loopback(LoopbackModel(says)) as model:
        yield model


@pytest.fixture(scope="module")
def running(migrated: Path, tmp_path_factory: pytest.TempPathFactory, model: LoopbackModel) -> Iterator[CruxUp]:
    """A `crux up` with prices, for all tests of this file: each looks at lists of its own."""
    home = home_of_its_own(migrated, tmp_path_factory.mktemp("programs"))
    running = CruxUp(home, "--first-run", CRUX_PRICES=PRICES, **model.env)
    try:
        running.wait_until_well()
        yield running
    finally:
        running.end()


def test_a_batch_of_files_runs_to_its_end_and_its_results_come_out(running: CruxUp, tmp_path: Path) -> None:
    home = running.records.home
    (tmp_path / "minutes.md").write_text("Minutes of Monday\n\nWe met.")
    (tmp_path / "mail.csv").write_text("id,label,input\nm1,From Ana,Dear all\nm2,From Bo,Dear Ana\n")

    printed = crux(home, "run", "summarizer", tmp_path / "minutes.md", tmp_path / "mail.csv", "--wait", "--json")

    report = json.loads(printed)
    assert list(report) == ["list", "status", "counts", "seconds"]
    assert report["status"] == "completed"
    assert report["counts"]["total"] == report["counts"]["completed"] == 3
    lines = as_json_lines(crux(home, "export", report["list"]))
    first = lines[0]
    assert [line["id"] for line in lines] == [str(tmp_path / "minutes.md"), "m1", "m2"]
    assert [line["result"] for line in lines[1:]] == ["Summary of Dear all", "Summary of Dear Ana"]
    assert {line["status"] for line in lines} == {"completed"}
    assert (first["agent"], first["input"], first["error"]) == ("summarizer", "Minutes of Monday\n\nWe met.", "")
    assert first["tokens"] == CALLS * 1_500
    assert first["cost"] == pytest.approx(CALLS * USD_A_CALL)
    (attempt,) = first["attempts"]
    assert (attempt["number"], attempt["status"], attempt["error"]) == (1, "completed", "")
    assert attempt["started_at"] < attempt["ended_at"]
    table = list(csv.DictReader(io.StringIO(crux(home, "export", report["list"], "--format", "csv"))))
    assert [row["label"] for row in table][1:] == ["From Ana", "From Bo"]
    assert table[1]["attempts"] == "1"


def test_nonsense_of_a_model_fails_its_task_in_words_and_the_batch_goes_on(running: CruxUp, tmp_path: Path) -> None:
    documents = ["chatter", "unheard-of", "shapeless", "refused", "sound"]
    rows = [json.dumps({"id": word, "input": f"Weather report, {word}"}) for word in documents]
    (tmp_path / "reports.jsonl").write_text("\n".join(rows))

    printed = crux(running.records.home, "run", "summarizer", tmp_path / "reports.jsonl", "--wait", "--json", code=1)

    lines = as_json_lines(crux(running.records.home, "export", json.loads(printed)["list"]))
    assert {line["id"]: line["status"] for line in lines} == dict.fromkeys(documents, "failed") | {"sound": "completed"}
    errors = {line["id"]: line["error"] for line in lines}
    assert "talk about the weather" in errors["chatter"]
    assert "There is no tool 'summon_rain'" in errors["unheard-of"]
    assert "result: Input should be a valid string" in errors["shapeless"]
    assert "This model reads no weather reports." in errors["refused"]


def test_a_bad_file_or_an_unknown_agent_is_misuse_and_starts_nothing(running: CruxUp, tmp_path: Path) -> None:
    home, before = running.records.home, running.records.lists()
    broken, good = tmp_path / "broken.jsonl", tmp_path / "good.txt"
    broken.write_text('{"input": "one"}\n{"input": oops}\n')
    good.write_text("Words.")

    assert f"{broken}, line 2: not JSON" in crux(home, "run", "summarizer", good, broken, code=2)
    assert "'nobody'" in crux(home, "run", "nobody", good, code=2)
    assert running.records.lists() == before


def test_a_killed_web_server_comes_back_on_the_same_port_by_itself(running: CruxUp) -> None:
    victim = running.web

    os.kill(victim, signal.SIGKILL)

    until(lambda: not is_running(victim), "its death")
    until(running.is_well, "its return")
    assert running.web != victim


async def test_a_program_that_is_cut_off_ten_times_gets_every_event_once(
    running: CruxUp, tmp_path: Path, model: LoopbackModel
) -> None:
    home = running.records.home
    (tmp_path / "rows.csv").write_text("input\n" + "".join(f"Page {n}\n" for n in range(60)))
    token = crux(home, "token", "follower").strip()
    model.seconds = 0.3
    made = crux(home, "run", "summarizer", tmp_path / "rows.csv", "--concurrency", 6).strip()
    address = f"{running.url.replace('http', 'ws')}/ws/events/list:{made}/"
    seen: list[int] = []
    kinds: list[str] = []

    for life in range(11):
        headers = {"Authorization": f"Bearer {token}"}
        # With its queue bounded, the library would wait 10 s at close for what it has not read.
        async with connect(f"{address}?since={len(seen)}", additional_headers=headers, max_queue=None) as socket:
            enough = len(seen) + 20 if life < 10 else None
            async for message in socket:
                event = json.loads(message)
                seen.append(event["seq"])
                kinds.append(event["kind"])
                if event["kind"] == "list.finished" or len(seen) == enough:
                    break
            if life % 2:
                socket.transport.abort()  # without a word, as a network does
    model.seconds = 0

    assert kinds[-1] == "list.finished"
    assert seen == list(range(1, len(seen) + 1))
    assert kinds == running.records.events(made)
