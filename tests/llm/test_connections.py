from __future__ import annotations

import asyncio

import pytest

from tasks_app.errors import ModelError
from tasks_app.llm.client import Models, open_models
from tasks_app.llm.loopback import serve
from tasks_app.llm.model import Model, Usage
from tasks_app.llm.scripted import ScriptedModel, serving
from tests.llm.conftest import MovedTime

HELLO = [{"role": "user", "content": "Hello?"}]
TOOL = {"type": "function", "function": {"name": "start_task", "parameters": {"type": "object"}}}
KEY = "sk-very-secret-0123456789"


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
