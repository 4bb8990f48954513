from __future__ import annotations

import asyncio
import time as real_time
from decimal import Decimal
from email.utils import formatdate

import pytest

from tasks_app.conf import conf
from tasks_app.errors import ModelError
from tasks_app.llm.client import open_models
from tasks_app.llm.model import Usage
from tests.llm.conftest import FakeEndpoint, MovedTime, fails, says

HELLO = [{"role": "user", "content": "Hello?"}]
TOOL = {"type": "function", "function": {"name": "start_task", "parameters": {"type": "object"}}}
KEY = "sk-very-secret-0123456789"


async def ask(endpoint: FakeEndpoint, time: MovedTime, *, deadline: float | None = None) -> str | None:
    async with open_models(app=endpoint, sleep=time.sleep, clock=time.clock) as models:
        content: str | None = (await models.get("m").complete(HELLO, deadline=deadline)).message["content"]
        return content


async def test_a_reply_has_message_usage_cost_and_the_model_that_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conf, "prices", {"m": (2.0, 8.0)})
    endpoint = FakeEndpoint(says("Hi.", usage={"prompt_tokens": 500_000, "completion_tokens": 250_000}))
    async with open_models(app=endpoint) as models:
        reply = await models.get("m").complete(HELLO, [TOOL])
    assert reply.message == {"role": "assistant", "content": "Hi."}
    assert (reply.finish_reason, reply.model) == ("stop", "m-2024")
    assert reply.usage == Usage(500_000, 250_000)
    assert reply.cost == Decimal(3)
    assert reply.seconds >= 0
    assert endpoint.requests == [{"model": "m", "messages": HELLO, "tools": [TOOL]}]


async def test_without_tools_none_are_sent(time: MovedTime) -> None:
    endpoint = FakeEndpoint(says())
    await ask(endpoint, time)
    assert "tools" not in endpoint.requests[0]


async def test_tool_calls_that_servers_bend_are_mended(time: MovedTime) -> None:
    endpoint = FakeEndpoint(says(None, calls=[{"function": {"name": "start_task", "arguments": {"a": 1}}}]))
    async with open_models(app=endpoint) as models:
        reply = await models.get("m").complete(HELLO)
    (made,) = reply.message["tool_calls"]
    assert made["function"] == {"name": "start_task", "arguments": '{"a": 1}'}
    assert made["type"] == "function"
    assert made["id"].startswith("call_")
    assert reply.message["content"] is None


async def test_what_an_endpoint_wants_back_stays_in_the_message(time: MovedTime) -> None:
    call = {
        "id": "1",
        "type": "function",
        "function": {"name": "t", "arguments": "{}"},
        "extra_content": {"k": "v"},
    }
    endpoint = FakeEndpoint(says(None, calls=[call]))
    async with open_models(app=endpoint) as models:
        reply = await models.get("m").complete(HELLO)
    assert reply.message["tool_calls"] == [call]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
async def test_a_stumbling_endpoint_is_asked_again(status: int, time: MovedTime) -> None:
    endpoint = FakeEndpoint(fails(status), fails(status), says("At last."))
    assert await ask(endpoint, time) == "At last."
    assert len(endpoint.requests) == 3
    assert 0.375 <= time.waits[0] <= 0.625
    assert 0.75 <= time.waits[1] <= 1.25


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
async def test_a_refusal_fails_at_once_in_the_providers_words(status: int, time: MovedTime) -> None:
    endpoint = FakeEndpoint(fails(status, "The cat sat on it."))
    with pytest.raises(ModelError, match=rf"'m' gave no answer: .*{status} .*The cat sat on it\.") as caught:
        await ask(endpoint, time)
    assert not caught.value.retryable
    assert (len(endpoint.requests), time.waits) == (1, [])


async def test_an_empty_account_fails_at_once_though_its_status_says_later(time: MovedTime) -> None:
    endpoint = FakeEndpoint(fails(429, "You exceeded your quota.", "insufficient_quota"))
    with pytest.raises(ModelError, match=r"You exceeded your quota\. Add credit") as caught:
        await ask(endpoint, time)
    assert not caught.value.retryable
    assert len(endpoint.requests) == 1


async def test_without_a_deadline_there_are_five_tries(time: MovedTime) -> None:
    endpoint = FakeEndpoint(fails(503, "Overloaded."))
    with pytest.raises(ModelError, match=r"after 5 tries: .*503.*Overloaded") as caught:
        await ask(endpoint, time)
    assert caught.value.retryable
    assert len(endpoint.requests) == 5


async def test_without_a_deadline_no_try_begins_after_a_minute(time: MovedTime) -> None:
    endpoint = FakeEndpoint(fails(429, retry_after="25"))
    with pytest.raises(ModelError, match="after 3 tries"):
        await ask(endpoint, time)
    assert sum(time.waits) < 60


async def test_with_a_deadline_tries_go_on_until_it(time: MovedTime) -> None:
    endpoint = FakeEndpoint(fails(503))
    with pytest.raises(ModelError) as caught:
        await ask(endpoint, time, deadline=time.now + 600)
    assert caught.value.retryable
    assert len(endpoint.requests) > 20
    assert 500 < sum(time.waits) < 600
    assert max(time.waits) <= 25


async def test_a_deadline_that_has_passed_asks_nobody(time: MovedTime) -> None:
    endpoint = FakeEndpoint(says())
    with pytest.raises(ModelError, match="time was up"):
        await ask(endpoint, time, deadline=time.now - 1)
    assert endpoint.requests == []


async def test_retry_after_in_seconds_is_honoured(time: MovedTime) -> None:
    assert await ask(FakeEndpoint(fails(429, retry_after="7"), says("Now.")), time) == "Now."
    assert 7 <= time.waits[0] <= 7.5


async def test_retry_after_as_a_date_is_honoured(time: MovedTime) -> None:
    date = formatdate(real_time.time() + 30, usegmt=True)
    assert await ask(FakeEndpoint(fails(503, retry_after=date), says("Now.")), time) == "Now."
    assert 25 <= time.waits[0] <= 30.5


async def test_a_wish_beyond_the_deadline_is_not_waited_for(time: MovedTime) -> None:
    with pytest.raises(ModelError, match="asked to wait 3600 s") as caught:
        await ask(FakeEndpoint(fails(429, retry_after="3600")), time, deadline=time.now + 60)
    assert caught.value.retryable
    assert time.waits == []


@pytest.mark.parametrize(
    ("body", "quoted"),
    [
        (b"<html>" + b"x" * 1000, "<html>" + "x" * 194),
        (b'{"error": {"message": "no such thing"}}', "no such thing"),
        (b'{"choices": []}', '{"choices": []}'),
        (b'{"choices": null}', "null"),
        (b'{"choices": [{"message": null}]}', "null"),
        (b"[1, 2]", "[1, 2]"),
        (b"", "(nothing)"),
        (b"\xff\xfe", "\ufffd"),
        (b"[" * 100_000, "[[["),
    ],
)
async def test_a_200_without_an_answer_is_retried_and_then_quoted(body: bytes, quoted: str, time: MovedTime) -> None:
    endpoint = FakeEndpoint((200, {"content-type": "text/html"}, body))
    with pytest.raises(ModelError) as caught:
        await ask(endpoint, time)
    assert quoted in str(caught.value)
    assert len(str(caught.value)) < 320
    assert caught.value.retryable
    assert len(endpoint.requests) == 5


async def test_a_200_without_an_answer_may_get_better(time: MovedTime) -> None:
    assert await ask(FakeEndpoint((200, {}, b"<html>"), says("Better.")), time) == "Better."


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": "model not found, try pulling it"}', "model not found, try pulling it"),
        (b'{"detail": [{"loc": ["body"]}]}', '[{"loc": ["body"]}]'),
        (b'{"message": "plain"}', "plain"),
        (b"<h1>Nope</h1>", "<h1>Nope</h1>"),
        (b'{"error": {}}', '{"error": {}}'),
    ],
)
async def test_error_bodies_of_every_shape_are_understood(body: bytes, words: str, time: MovedTime) -> None:
    with pytest.raises(ModelError) as caught:
        await ask(FakeEndpoint((404, {}, body)), time)
    assert words in str(caught.value)


async def test_a_call_that_hangs_ends_at_the_deadline() -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    async with open_models(app=FakeEndpoint(hang)) as models:
        with pytest.raises(ModelError, match="did not answer in time") as caught:
            await models.get("m").complete(HELLO, deadline=real_time.monotonic() + 0.05)
    assert caught.value.retryable


async def test_a_cancelled_call_is_cancelled_and_not_retried(time: MovedTime) -> None:
    arrived = asyncio.Event()

    async def hang() -> None:
        arrived.set()
        await asyncio.Event().wait()

    endpoint = FakeEndpoint(hang)
    call = asyncio.create_task(ask(endpoint, time))
    await arrived.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert len(endpoint.requests) == 1


async def test_an_endpoint_that_breaks_in_process_is_a_500(time: MovedTime) -> None:
    async def breaks() -> None:
        raise RuntimeError("bug")

    assert await ask(FakeEndpoint(breaks, says("Again.")), time) == "Again."


async def test_messages_that_no_request_can_carry_fail_at_once(time: MovedTime) -> None:
    endpoint = FakeEndpoint(says())
    async with open_models(app=endpoint, sleep=time.sleep) as models:
        for broken in ("\ud800", object()):
            with pytest.raises(ModelError, match="cannot be sent") as caught:
                await models.get("m").complete([{"role": "user", "content": broken}])
            assert not caught.value.retryable
    assert endpoint.requests == []
