"""Transcripts as they grow: every model call and every message of an attempt, each stored once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from tasks_app.crossing import in_turn
from tasks_app.llm.model import Message, Reply
from tasks_app.services import transcripts
from tasks_app.services.transcripts import CallRecord

__all__ = ["LooseTranscript", "Transcript"]


class Transcript:
    """Numbers the calls and messages of an attempt, over all conversations it has, and stores them."""

    def __init__(self, list_id: UUID, attempt_id: UUID) -> None:
        self._list_id = list_id
        self._attempt_id = attempt_id
        self._calls = 0
        self._messages = 0

    async def answered(self, reply: Reply, messages: Sequence[Message]) -> None:
        """Store a call that was answered, and the messages since the last, its answer among them."""
        call = CallRecord(
            number=0,
            model=reply.model,
            input_tokens=reply.usage.input_tokens,
            output_tokens=reply.usage.output_tokens,
            cost=reply.cost,
            seconds=reply.seconds,
            finish_reason=reply.finish_reason,
        )
        await self.record(messages, call)

    async def unanswered(self, model: str, error: str, seconds: float, messages: Sequence[Message]) -> None:
        """Store a call that ended in an error."""
        await self.record(messages, CallRecord(number=0, model=model, seconds=seconds, error=error))

    async def rest(self, messages: Sequence[Message]) -> None:
        """Store messages after which the model was not asked again."""
        if messages:
            await self.record(messages, None)

    async def record(self, messages: Sequence[Message], call: CallRecord | None) -> None:
        """Store messages, and the call they belong to, under the next numbers."""
        # Numbered before the first await: several conversations of one attempt may record at once.
        first_position = self._messages + 1
        self._messages += len(messages)
        if call is not None:
            self._calls += 1
            call = replace(call, number=self._calls)
        # Shielded: what was paid is on record even if the attempt is fenced in this moment.
        await asyncio.shield(
            in_turn(
                self._list_id,
                transcripts.record,
                self._attempt_id,
                list(messages),
                first_position=first_position,
                call=call,
            )
        )


class LooseTranscript(Transcript):
    """The transcript of a conversation that may yet open an attempt by hand, and is that attempt's from then on.

    Its last call waits until it is known what came of it, and goes to `outer`, the transcript it is part of, unless
    it has opened an attempt. Without an `outer` all of it waits, for an attempt that may never come.
    """

    def __init__(self, outer: Transcript | None) -> None:
        self._outer = outer
        self._bound: Transcript | None = None
        self._waiting: deque[tuple[Sequence[Message], CallRecord | None]] = deque()

    async def bind(self, list_id: UUID, attempt_id: UUID) -> None:
        """Belong to this attempt from now on, with what waits."""
        self._bound = Transcript(list_id, attempt_id)
        await self._pass_on(self._bound)

    async def record(self, messages: Sequence[Message], call: CallRecord | None) -> None:
        """Pass them on, or keep them until it is known where they belong."""
        if self._bound is None:
            await self.close()
            self._waiting.append((messages, call))
        else:
            await self._bound.record(messages, call)

    async def close(self) -> None:
        """Pass on what waits: no attempt was opened by it."""
        if self._outer is not None:
            await self._pass_on(self._outer)

    async def _pass_on(self, to: Transcript) -> None:
        while self._waiting:
            await to.record(*self._waiting.popleft())
