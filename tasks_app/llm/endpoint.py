"""The server's side of Chat Completions: an ASGI application around a function from request to completion.

The offline model and scripted models are served by it, in this process or on loopback.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from tasks_app.llm.model import Message
from tasks_app.llm.usage import estimate_tokens

__all__ = ["ASGIApp", "RequestRefused", "application", "completion", "read_request"]

logger = logging.getLogger(__name__)

ASGIMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[ASGIMessage]]
Send = Callable[[ASGIMessage], Awaitable[None]]
ASGIApp = Callable[[ASGIMessage, Receive, Send], Awaitable[None]]

MAX_BODY_BYTES = 32 * 1024 * 1024  # a conversation of 200,000 tokens is below 1 MB


class RequestRefused(Exception):
    """A request gets no completion; it is told so in OpenAI's error shape."""

    def __init__(self, message: str, *, status: int = 400, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param


def application(name: str, complete: Callable[[bytes], Awaitable[dict[str, Any]]]) -> ASGIApp:
    """`POST /v1/chat/completions` and `GET /v1/models` for one model.

    `complete` gets the body and gives the completion, or raises RequestRefused.
    """

    async def app(scope: ASGIMessage, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"This is an HTTP application; it knows no {scope['type']!r}.")
        try:
            answer, status = await _route(scope, receive, name, complete), 200
        except RequestRefused as refusal:
            answer, status = _error(refusal), refusal.status
        except Exception:
            logger.exception("The model %r could not answer.", name, extra={"action": "model.broken"})
            broken = RequestRefused("The model broke on this request.", status=500, code="internal_error")
            answer, status = _error(broken), 500
        body = json.dumps(answer).encode()  # ASCII: what JSON escapes may hold (lone surrogates) UTF-8 may not
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def read_request(body: bytes) -> dict[str, Any]:
    """The request of a chat completion, its shape checked.

    Raises:
        RequestRefused: with what is wrong, and where.
    """
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestRefused("The body is not JSON.") from None
    if not isinstance(request, dict):
        raise RequestRefused("The body is no JSON object.")
    if not isinstance(request.get("model"), str) or not request["model"]:
        raise RequestRefused("You must name a model.", param="model")
    if request.get("stream"):
        raise RequestRefused("This endpoint does not stream.", param="stream", code="unsupported_value")
    _check_messages(request.get("messages"))
    tools = request.get("tools")
    if tools is not None and not (isinstance(tools, list) and all(map(_is_tool, tools))):
        raise RequestRefused('`tools` is no list of {"type": "function", "function": {"name": …}}.', param="tools")
    return request


def completion(
    model: str,
    body: bytes,
    message: Message,
    *,
    finish_reason: str = "",
    usage: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A completion around `message`, the same for the same `body`. Tokens are estimated unless given."""
    if usage is None:
        tokens_in, tokens_out = (
            estimate_tokens(body.decode("utf-8", "replace")),
            estimate_tokens(json.dumps(message)),
        )
        usage = {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        }
    finish = finish_reason or ("tool_calls" if message.get("tool_calls") else "stop")
    return {
        "id": f"chatcmpl-{hashlib.sha256(body).hexdigest()[:24]}",
        "object": "chat.completion",
        "created": 0,  # a time would make two equal requests differ
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": dict(usage),
    }


async def _route(
    scope: ASGIMessage, receive: Receive, name: str, complete: Callable[[bytes], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    card = {"id": name, "object": "model", "created": 0, "owned_by": "crux"}
    routes = {
        "/v1/chat/completions": "POST",
        "/v1/models": "GET",
        f"/v1/models/{name}": "GET",
    }
    path = str(scope["path"]).rstrip("/")
    method = routes.get(path)
    if method is None:
        raise RequestRefused(f"There is nothing at {path or '/'}; try /v1/chat/completions.", status=404)
    if scope["method"] != method:
        raise RequestRefused(f"{path} takes {method} only.", status=405)
    if path == "/v1/models":
        return {"object": "list", "data": [card]}
    return await complete(await _body(receive)) if method == "POST" else card


async def _body(receive: Receive) -> bytes:
    chunks, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestRefused("The caller left.", status=408)
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MAX_BODY_BYTES:
            raise RequestRefused(f"The body is larger than {MAX_BODY_BYTES} bytes.", status=413)
        more = message.get("more_body", False)
    return b"".join(chunks)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        phase = (await receive())["type"]  # lifespan.startup, then lifespan.shutdown
        await send({"type": f"{phase}.complete"})
        if phase == "lifespan.shutdown":
            return


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list) or not messages:
        raise RequestRefused("`messages` is no list with something in it.", param="messages")
    for position, message in enumerate(messages):
        where = f"messages[{position}]"
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise RequestRefused(f"{where} is no object with a role.", param=where)
        if not isinstance(message.get("content"), str | list | None):
            raise RequestRefused(f"{where}.content is neither text, nor parts, nor null.", param=f"{where}.content")
        calls = message.get("tool_calls")
        if calls is not None and not (isinstance(calls, list) and all(map(_is_tool, calls))):
            raise RequestRefused(f"{where}.tool_calls is no list of calls.", param=f"{where}.tool_calls")


def _is_tool(value: Any) -> bool:
    """Whether a tool, or a call of one, names its function."""
    function = value.get("function") if isinstance(value, dict) else None
    return isinstance(function, dict) and isinstance(function.get("name"), str)


def _error(refusal: RequestRefused) -> dict[str, Any]:
    kind = "invalid_request_error" if refusal.status < 500 else "server_error"
    return {"error": {"message": str(refusal), "type": kind, "param": refusal.param, "code": refusal.code}}
