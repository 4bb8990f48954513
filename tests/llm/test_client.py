from __future__ import annotations

import asyncio
import time as real_time
from decimal import Decimal
from email.utils import formatdate

import pytest

from tasks_app.conf import conf
from tasks_app.errors import ModelError
from tasks_app.llm.client import Models, open_models
from tasks_app.llm.loopback import serve
from tasks_app.llm.model import Model, Usage
from tasks_app.llm.scripted import ScriptedModel, serving
from tests.llm.conftest import FakeEndpoint, MovedTime, fails, says

HELLO = [{"role": "user", "content": "Hello?"}]
TOOL = {"type": "function", "function": {"name": "start_task", "parameters": {"type": "object"}}}
KEY = "sk-very-secret-0123456789"


async def ask(endpoint: FakeEndpoint, time: MovedTime, *, deadline: float | None = None) -> str | None:
    async with open_models(app=endpoint, sleep=time.sleep, clock=time.clock) as models:
        content: str | None = (await models.get("m").complete(HELLO, deadline=deadline)).message["content"]
        return content


async def test_a_reply_has_message_usage_cost_and_the_model_that_answered(monkeypatch: pytest.MonkeyPatch) -> None:
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
    call = {"id": "1", "type": "function", "function": {"name": "t", "arguments": "{}"}, "extra_content": {"k": "v"}}
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
    with pytest.raises(ModelError, match="You exceeded your quota. Add credit") as caught:
        await ask(endpoint, time)
    assert not caught.value.retryable
    assert len(endpoint.requests) == 1


async def test_without_a_deadline_there_are_five_tries(time: MovedTime) -> None:
    endpoint = FakeEndpoint(fails(503, "Overloaded."))
    with pytest.raises(ModelError, match="after 5 tries: .*503.*Overloaded") as caught:
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


@pytest.mark.parametrize("status", [401, 503, 200])
async def test_the_key_is_in_no_error_and_no_repr(
    status: int, time: MovedTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    endpoint = FakeEndpoint((status, {}, f"{'x' * 190}Wrong key: {KEY}".encode()))
    async with open_models(app=endpoint, sleep=time.sleep, clock=time.clock) as models:
        model = models.get("m")
        with pytest.raises(ModelError) as caught:
            await model.complete(HELLO)
    assert endpoint.headers[0]["authorization"] == f"Bearer {KEY}"
    seen = f"{caught.value!r} {caught.value} {model!r} {models!r} {models.address!r}"
    assert "sk-very" not in seen
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


async def test_a_password_in_the_address_is_used_and_never_shown(
    time: MovedTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://somebody:pass-word@models.example/v1")
    endpoint = FakeEndpoint(fails(401))
    async with open_models(app=endpoint, sleep=time.sleep) as models:
        model = models.get("m")
        with pytest.raises(ModelError) as caught:
            await model.complete(HELLO)
    assert endpoint.headers[0]["authorization"].startswith("Basic ")
    assert "pass-word" not in f"{caught.value!r} {model!r} {models.address!r}"
    assert repr(model) == "<model 'm' at models.example>"


async def test_a_key_no_header_can_carry_is_told_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-sécret")
    async with open_models() as models:
        with pytest.raises(ModelError, match="OPENAI_API_KEY holds characters") as caught:
            await models.get("m").complete(HELLO)
    assert "cret" not in str(caught.value)
    assert not caught.value.retryable


@pytest.mark.parametrize("url", ["localhost:11434/v1", "ftp://x/v1", "http://", "http://[::1/v1", "http://x:port/v1"])
async def test_an_address_that_is_none_is_told_at_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    async with open_models() as models:
        with pytest.raises(ModelError, match="OPENAI_BASE_URL is no") as caught:
            await models.get("m").complete(HELLO)
    assert not caught.value.retryable


async def test_messages_that_no_request_can_carry_fail_at_once(time: MovedTime) -> None:
    endpoint = FakeEndpoint(says())
    async with open_models(app=endpoint, sleep=time.sleep) as models:
        for broken in ("\ud800", object()):
            with pytest.raises(ModelError, match="cannot be sent") as caught:
                await models.get("m").complete([{"role": "user", "content": broken}])
            assert not caught.value.retryable
    assert endpoint.requests == []


class TestWhichModel:
    async def test_the_name_asked_for_goes_before_the_settings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(conf, "model", "from-settings")
        async with open_models() as models:
            assert models.get("mine").name == "mine"
            assert models.get("").name == models.get(None).name == models.get().name == "from-settings"

    async def test_with_nothing_set_it_is_the_offline_model(self) -> None:
        async with open_models() as models:
            assert models.offline
            assert models.get().name == "offline-extract"

    async def test_with_an_endpoint_a_model_must_be_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        async with open_models() as models:
            assert not models.offline
            with pytest.raises(ModelError, match="set CRUX_MODEL") as caught:
                models.get()
        assert not caught.value.retryable

    async def test_empty_variables_count_as_unset(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", " ")
        monkeypatch.setenv("OPENAI_API_KEY", "")
        async with open_models() as models:
            assert models.offline
            reply = await models.get().complete([{"role": "user", "content": "One thing is true."}])
        assert (reply.model, reply.message["content"]) == ("offline-extract", "One thing is true.")
        assert reply.cost == 0

    async def test_a_key_with_an_empty_address_means_the_usual_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", "")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        async with open_models() as models:
            assert models.address.base_url == "https://api.openai.com/v1"

    async def test_a_proxy_does_not_take_the_offline_models_calls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
        async with open_models() as models:
            reply = await models.get().complete([{"role": "user", "content": "One thing is true."}])
        assert reply.message["content"] == "One thing is true."


class TestOneClientALoop:
    async def test_who_opens_again_gets_the_same_models_until_the_last_one_closes(self) -> None:
        async with open_models() as outer:
            async with open_models() as inner:
                assert inner is outer
            assert (await outer.get().complete(HELLO)).message["role"] == "assistant"
        async with open_models() as later:
            assert later is not outer

    async def test_another_endpoint_is_another_client(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_models() as offline:
            monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
            async with open_models() as other:
                assert other is not offline

    def test_another_loop_is_another_client(self) -> None:
        async def opened() -> tuple[Models, str]:
            async with open_models() as models:
                return models, (await models.get().complete(HELLO)).model

        (first, said), (second, said_again) = asyncio.run(opened()), asyncio.run(opened())
        assert first is not second
        assert said == said_again == "offline-extract"


class TestOverHttp:
    async def test_a_scripted_model_answers_over_a_real_connection(self, monkeypatch: pytest.MonkeyPatch) -> None:
        scripted: Model = ScriptedModel(["One.", ModelError("stumbles"), "Two."])
        async with serve(serving(scripted)) as base_url:
            monkeypatch.setenv("OPENAI_BASE_URL", base_url)
            moved = MovedTime()
            async with open_models(sleep=moved.sleep) as models:
                model = models.get("any")
                first, second = await model.complete(HELLO, [TOOL]), await model.complete(HELLO)
        assert (first.message["content"], second.message["content"]) == ("One.", "Two.")
        assert len(moved.waits) == 1
        assert first.usage == Usage(10, 5)

    async def test_a_refused_connection_is_retried_and_names_the_host(
        self, time: MovedTime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with serve(serving(ScriptedModel([]))) as base_url:
            pass  # the port was free, and nobody listens any more
        monkeypatch.setenv("OPENAI_BASE_URL", base_url)
        async with open_models(sleep=time.sleep, clock=time.clock) as models:
            with pytest.raises(ModelError, match=r"after 5 tries: no answer from 127\.0\.0\.1:\d+") as caught:
                await models.get("m").complete(HELLO)
        assert caught.value.retryable

    @pytest.mark.parametrize(
        "nonsense", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort"]
    )
    async def test_a_server_that_speaks_no_http_is_retried(
        self, nonsense: bytes, time: MovedTime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(nonsense)
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        async with server, open_models(sleep=time.sleep, clock=time.clock) as models:
            with pytest.raises(ModelError, match="after 5 tries: no answer from") as caught:
                await models.get("m").complete(HELLO)
        assert caught.value.retryable
