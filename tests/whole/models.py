"""A model on loopback whose pace, answers and mistakes a test decides; `crux up` reaches it by OPENAI_BASE_URL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tasks_app.llm.loopback import serve_in_thread
from tasks_app.llm.model import Message, Usage
from tasks_app.llm.scripted import Scripted, ScriptedModel, call, reply, serving

Says = Callable[[str, int], Scripted]
USAGE = Usage(1_000, 500)  # tokens a call, so that a bill is easily told
TICK_SECONDS = 0.02
MAX_TURNS = 60  # more than CRUX_MAX_STEPS


class LoopbackModel:
    """Works through any task: starts it, reports, completes it, says a last word; four calls.

    `seconds` is what a call takes, and `held` names words: while a document holds one of them its task is not ended.
    Both may be changed at any time, for the calls under way too. `says(document, turn)` may answer otherwise.
    """

    def __init__(self, says: Says | None = None) -> None:
        self.seconds = 0.0
        self.held: set[str] = set()
        self._says = says or plain
        self.base_url = ""

    @property
    def env(self) -> dict[str, str]:
        """What makes a Crux ask this model."""
        return {"OPENAI_BASE_URL": self.base_url, "OPENAI_API_KEY": "test", "CRUX_MODEL": "scripted"}

    async def answer(self, messages: Sequence[Message], tools: Any) -> Any:
        """What it says next in this conversation."""
        document = str(next(message["content"] for message in messages if message["role"] == "user"))
        turn = sum(message["role"] == "assistant" for message in messages)
        began = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() - began < self.seconds or (turn == 2 and self._is_held(document)):
            await asyncio.sleep(TICK_SECONDS)
        said = self._says(document, turn)
        return reply(said, usage=USAGE) if isinstance(said, str | dict) else said

    def _is_held(self, document: str) -> bool:
        return any(word in document for word in self.held)


def plain(document: str, turn: int) -> Scripted:
    """What is right to say at each turn; the result is the document's first line."""
    first_line = document.strip().splitlines()[0]
    said = [
        call("start_task"),
        call("report_progress", message=f"Reading {first_line}"),
        call("complete_task", result=f"Summary of {first_line}"),
    ]
    return said[turn] if turn < len(said) else "Done."


@contextmanager
def on_loopback(model: LoopbackModel) -> Iterator[LoopbackModel]:
    """Serve the model while the block lasts."""
    scripted = ScriptedModel([model.answer] * MAX_TURNS, by_turn=True)
    with serve_in_thread(serving(scripted)) as base_url:
        model.base_url = base_url
        yield model
