"""What an endpoint sent back, made into a message or into the reason why there is none."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from tasks_app.llm.model import Message
from tasks_app.llm.retries import Fault, seconds_asked

__all__ = ["fault_of", "message_of", "read"]

RETRYABLE = frozenset({408, 409, 429})  # and every 5xx
QUOTED = 200  # characters of an answer nobody can read
SAID = 500  # characters of a provider's own words
WAYS_OUT = {
    401: "Check OPENAI_API_KEY.",
    403: "Check what OPENAI_API_KEY is allowed.",
    404: "Check CRUX_MODEL and OPENAI_BASE_URL.",
}


def read(content: bytes) -> dict[str, Any] | Fault:
    """The JSON object of an answer with status 200, if it holds a choice; else a fault that quotes it."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return Fault(f"the endpoint answered 200 with what is not JSON: {_quote(content)}")
    if not isinstance(answer, dict) or not _has_choice(answer):
        return Fault(f"the endpoint answered 200 without a choice: {_quote(content)}")
    return answer


def message_of(answer: dict[str, Any]) -> Message:
    """The assistant's message of an answer that `read` passed, fit to be sent back.

    Unknown keys stay (some endpoints want their own back); nulls and empty lists go (others refuse them).
    """
    said: dict[str, Any] = answer["choices"][0]["message"]
    message = {key: value for key, value in said.items() if value not in (None, [], {})}
    message["role"] = "assistant"
    message["content"] = _text(said.get("content"))
    calls = said.get("tool_calls")
    if isinstance(calls, list) and calls:
        message["tool_calls"] = [_mended_call(call) for call in calls if isinstance(call, dict)]
    return message


def fault_of(status: int, headers: Mapping[str, str], content: bytes) -> Fault:
    """The fault behind a status that is not 2xx, in the provider's words."""
    words, code = _words(content)
    said = f"the endpoint answered {status}{f' ({code})' if code else ''}: {words}"
    if code == "insufficient_quota":
        return Fault(f"{said} Add credit, or use another key.", retryable=False)
    if status in RETRYABLE or status >= 500:
        return Fault(said, retry_after=seconds_asked(headers.get("retry-after")))
    return Fault(" ".join(filter(None, (said, WAYS_OUT.get(status)))), retryable=False)


def _has_choice(answer: dict[str, Any]) -> bool:
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return False
    return isinstance(choices[0].get("message"), dict)


def _text(content: Any) -> str | None:
    """Content as one string; some endpoints send it in parts."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str)) or None
    return content if isinstance(content, str) else None


def _mended_call(call: dict[str, Any]) -> dict[str, Any]:
    """A tool call with an id and its arguments as text: the standard, which not every server keeps."""
    said = call.get("function")
    function = said if isinstance(said, dict) else {}
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        arguments = json.dumps({} if arguments is None else arguments)
    return {
        **call,
        "id": str(call.get("id") or f"call_{uuid.uuid4().hex}"),
        "type": "function",
        "function": {"name": str(function.get("name") or ""), "arguments": arguments},
    }


def _words(content: bytes) -> tuple[str, str]:
    """Message and code of an error body, in any of the shapes that endpoints use."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return _quote(content), ""
    error = body.get("error")
    if isinstance(error, dict):
        body = error
    said = next((body[key] for key in ("message", "error", "detail") if body.get(key)), None)
    kind = next((body[key] for key in ("code", "type") if isinstance(body.get(key), str)), "")
    if "insufficient_quota" in (body.get("code"), body.get("type")):
        kind = "insufficient_quota"
    if said is None:
        return _quote(content), kind
    return _cut(said if isinstance(said, str) else json.dumps(said, ensure_ascii=False), SAID), kind


def _quote(content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    return _cut(text, QUOTED) if text else "(nothing)"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + "…"
