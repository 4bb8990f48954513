"""The embedded model: no key, no network, and no AI. It calls the worker's tools and extracts sentences.

An OpenAI-compatible ASGI application, so that a run without a key takes the same way as one with a key. It
keeps nothing between calls: each answer follows from the messages alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

from tasks_app.conf import conf
from tasks_app.llm.address import OFFLINE_MODEL
from tasks_app.llm.conversation import Conversation
from tasks_app.llm.endpoint import application as endpoint_application
from tasks_app.llm.endpoint import completion, read_request
from tasks_app.llm.extract import Digest, digest
from tasks_app.llm.model import Message
from tasks_app.llm.prose import read_prose
from tasks_app.llm.schemas import CannotFill, fill

__all__ = ["answer", "application"]

NOTHING_TO_READ = "There is no readable text in the assignment; the offline model can only extract from text."


async def complete(body: bytes) -> dict[str, Any]:
    """The completion for a request's body, after the seconds a call is to take (`CRUX_OFFLINE_SECONDS`)."""
    # A large text takes tens of milliseconds to read, during which the loop's other agents would stand still.
    done = await asyncio.to_thread(answer, body)
    await asyncio.sleep(conf.offline_seconds)
    return done


application = endpoint_application(OFFLINE_MODEL, complete)
"""`POST /v1/chat/completions` and `GET /v1/models`, for the client's transport or any ASGI server."""


def answer(body: bytes) -> dict[str, Any]:
    """The completion for a request's body; the same for the same body.

    Raises:
        RequestRefused: the body is no request for a completion.
    """
    request = read_request(body)
    talk = Conversation(request["messages"], request.get("tools") or [])
    said = _next(talk) if talk.is_assignment else _text(talk.last_user_text(), request.get("response_format"))
    message: Message = {"role": "assistant", "content": said} if isinstance(said, str) else _call(body, *said)
    done = completion(OFFLINE_MODEL, body, message)
    done["usage"]["cost"] = 0  # it runs here: that nothing is paid is known, not guessed
    return done


def _next(talk: Conversation) -> str | tuple[str, dict[str, Any]]:
    """The next word in an assignment: a final text, or a tool's name and arguments."""
    completed, failed = talk.result_of("complete_task"), talk.result_of("fail_task")
    if (completed and completed.ok) or (failed and failed.ok):
        return "The task has ended; nothing is left to do."
    if failed:
        return f"The task could not be ended: {failed.error}"
    if completed:
        return _failing(talk, f"The result was refused: {completed.error}")
    started = talk.result_of("start_task")
    if started is None and talk.offers("start_task"):
        return "start_task", {}
    if started is not None and not started.ok:
        return f"The task could not be started: {started.error}"
    text = talk.assignment_text()
    if not text:
        return _failing(talk, NOTHING_TO_READ)
    if talk.offers("report_progress") and not talk.tried("report_progress"):
        return "report_progress", {"message": _progress(text)}
    if not talk.offers("complete_task"):
        return _summary(digest(text))
    return _completing(talk, text)


def _completing(talk: Conversation, text: str) -> str | tuple[str, dict[str, Any]]:
    read = digest(text)
    try:
        arguments = fill({"type": "object", **talk.parameters("complete_task")}, read, text)
    except CannotFill as reason:
        return _failing(talk, f"The offline model cannot fill the result: {reason}.")
    return "complete_task", arguments


def _failing(talk: Conversation, error: str) -> str | tuple[str, dict[str, Any]]:
    return ("fail_task", {"error": error}) if talk.offers("fail_task") else error


def _text(text: str, response_format: Any) -> str:
    """An answer where there are no tools: a summary, or the JSON that `response_format` asks for."""
    if not text:
        return NOTHING_TO_READ
    read = digest(text)
    wrapped = response_format.get("json_schema") if isinstance(response_format, dict) else None
    if not isinstance(wrapped, dict):
        return _summary(read)
    try:
        return json.dumps(fill(wrapped.get("schema"), read, text), ensure_ascii=False)
    except CannotFill as reason:
        return f"The offline model cannot fill the answer: {reason}."


def _summary(read: Digest) -> str:
    return read.summary or NOTHING_TO_READ


def _progress(text: str) -> str:
    read = read_prose(text)
    count = len(read.paragraphs)
    if count:
        return f"Reading {count} {'paragraph' if count == 1 else 'paragraphs'}"
    return f"Reading {read.words} {'word' if read.words == 1 else 'words'}"


def _call(body: bytes, tool: str, arguments: dict[str, Any]) -> Message:
    # Of the body: it grows with every turn, so no two calls of a conversation share an id.
    ident = f"call_{hashlib.sha256(body).hexdigest()[:24]}"
    function = {"name": tool, "arguments": json.dumps(arguments, ensure_ascii=False)}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": ident, "type": "function", "function": function}],
    }
