from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from tasks_app.llm import endpoint, offline
from tasks_app.llm.endpoint import RequestRefused


async def test_models_are_listed_and_what_is_not_there_is_404() -> None:
    async with client() as http:
        listed = (await http.get("/v1/models")).json()
        assert [model["id"] for model in listed["data"]] == ["offline-extract"]
        assert (await http.get("/v1/models/offline-extract")).json() == listed["data"][0]
        assert (await http.get("/v1/embeddings")).status_code == 404
        assert (await http.get("/v1/chat/completions")).status_code == 405


USER = {"role": "user", "content": "x"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no JSON object"),
        (b"{}", "name a model"),
        (b'{"model": "m"}', "messages"),
        (b'{"model": "m", "messages": []}', "messages"),
        (b'{"model": "m", "messages": [1]}', r"messages\[0\]"),
        (b'{"model": "m", "messages": [{"role": "user", "content": 7}]}', r"messages\[0\].content"),
        (b'{"model": "m", "messages": [{"role": "assistant", "tool_calls": [{}]}]}', "tool_calls"),
        (json.dumps({"model": "m", "messages": [USER], "tools": [{}]}).encode(), "tools"),
        (json.dumps({"model": "m", "messages": [USER], "stream": True}).encode(), "stream"),
    ],
)
async def test_garbage_is_a_400_in_openais_shape(body: bytes, words: str) -> None:
    with pytest.raises(RequestRefused, match=words):
        offline.answer(body)
    async with client() as http:
        answer = await http.post("/v1/chat/completions", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}
    assert answer.json()["error"]["type"] == "invalid_request_error"


def client() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(offline.application), base_url="http://offline.test")


async def test_a_body_beyond_the_limit_is_413(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "MAX_BODY_BYTES", 10)
    async with client() as http:
        assert (await http.post("/v1/chat/completions", content=b"x" * 11)).status_code == 413


async def test_a_server_may_announce_its_start_and_stop() -> None:
    told = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    said: list[Any] = []

    async def receive() -> Any:
        return told.pop(0)

    async def send(message: Any) -> None:
        said.append(message["type"])

    await offline.application({"type": "lifespan"}, receive, send)
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
