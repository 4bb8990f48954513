"""The embedded model: no key, no network, and no AI. It calls a few tools and extracts sentences.

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
from tasks_app.llm.conversation import Conversation, ToolResult
from tasks_app.llm.creating import next_creation, what_was_made
from tasks_app.llm.endpoint import application as endpoint_application
from tasks_app.llm.endpoint import completion, read_request
from tasks_app.llm.extract import digest
from tasks_app.llm.mending import mended
from tasks_app.llm.model import Message
from tasks_app.llm.prose import read_prose
from tasks_app.llm.schemas import CannotFill, fill

__all__ = ["answer", "application"]

Said = str | tuple[str, dict[str, Any]]
"""A text, or a tool's name and arguments."""

ENDED = "The task has ended; nothing is left to do."
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
    said = _said(talk, _schema_of_answer(talk, request.get("response_format")))
    message: Message = (
        {"role": "assistant", "content": said} if isinstance(said, str) else _call(body, talk.name_of(said[0]), said[1])
    )
    done = completion(OFFLINE_MODEL, body, message)
    done["usage"]["cost"] = 0  # it runs here: that nothing is paid is known, not guessed
    return done


def _said(talk: Conversation, schema: Any) -> Said:
    """What comes next; a text that ends it well is JSON where `schema` is one."""
    if talk.is_assignment:
        return _next(talk, schema)
    text = talk.text()
    if not text or not talk.is_creation:
        return _text(text, schema)
    return next_creation(talk, text) or (what_was_made(talk) if schema is None else _text(text, schema))


def _next(talk: Conversation, schema: Any) -> Said:
    completed, failed = talk.result_of("complete_task"), talk.result_of("fail_task")
    if completed and completed.ok:
        return ENDED if schema is None else _text(talk.assignment_text(), schema)
    if failed:
        return ENDED if failed.ok else f"The task could not be ended: {failed.error}"
    if completed:
        return _after_refusal(talk, completed)
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
        return _text(text, schema)
    return _completing(talk, text)


def _completing(talk: Conversation, text: str) -> Said:
    read = digest(text)
    try:
        arguments = fill({"type": "object", **talk.parameters("complete_task")}, read, text)
    except CannotFill as reason:
        return _failing(talk, f"The offline model cannot fill the result: {reason}.")
    return "complete_task", arguments


def _after_refusal(talk: Conversation, refused: ToolResult) -> Said:
    """The result once more with what was missing, if the text has it; else the end."""
    text = talk.assignment_text()
    if refused.calls == 1:
        arguments = mended(refused, talk.parameters("complete_task"), digest(text), text)
        if arguments is not None:
            return "complete_task", arguments
    return _failing(talk, f"The result was refused: {refused.error}")


def _failing(talk: Conversation, error: str) -> Said:
    return ("fail_task", {"error": error}) if talk.offers("fail_task") else error


def _text(text: str, schema: Any) -> str:
    """A summary, or JSON of `schema`."""
    if not text:
        return NOTHING_TO_READ
    read = digest(text)
    if schema is None:
        return read.summary or NOTHING_TO_READ
    try:
        return json.dumps(fill(schema, read, text), ensure_ascii=False)
    except CannotFill as reason:
        return f"The offline model cannot fill the answer: {reason}."


def _schema_of_answer(talk: Conversation, response_format: Any) -> Any:
    """The JSON schema the final text is to be of, as the request or the system text asks; None for plain words."""
    wrapped = response_format.get("json_schema") if isinstance(response_format, dict) else None
    return wrapped.get("schema", {}) if isinstance(wrapped, dict) else talk.wished_schema()


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
