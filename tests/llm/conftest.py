from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tasks_app.conf import conf
from tasks_app.llm.endpoint import ASGIMessage, Receive, Send

unhurried = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""For properties: a busy machine is no failure."""


@pytest.fixture(autouse=True)
def no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, no address and no waiting, whatever the machine has set."""
    for name in (
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "OPENAI_ORG_ID",
        "OPENAI_PROJECT_ID",
        "OPENAI_CUSTOM_HEADERS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(conf, "offline_seconds", 0)
    monkeypatch.setattr(conf, "model", "")
    monkeypatch.setattr(conf, "prices", {})


class MovedTime:
    """A clock that moves only by the sleeps it is asked for."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> MovedTime:
    return MovedTime()


Answer = tuple[int, dict[str, str], bytes]


class FakeEndpoint:
    """An ASGI application that gives its answers in turn, the last one for ever, and keeps the requests."""

    def __init__(self, *answers: Answer | Callable[[], Any]) -> None:
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    async def __call__(self, scope: ASGIMessage, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.requests.append(json.loads(body))
        self.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if callable(answer):
            answer = await answer()
        status, headers, content = answer
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": content})


def says(content: str | None = "Hello.", *, calls: Any = None, **more: Any) -> Answer:
    """A completion; `more` goes beside its choices."""
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
    if calls is not None:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
    return 200, {}, json.dumps({"model": "m-2024", "choices": [choice], **more}).encode()


def fails(status: int, message: str = "Something is wrong.", code: str | None = None, **headers: str) -> Answer:
    body = json.dumps({"error": {"message": message, "type": "an_error", "code": code}}).encode()
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, body
