"""The transcript of one attempt as it grows: every model call and every message, each stored once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from tasks_app.crossing import in_turn
from tasks_app.llm.model import Message, Reply
from tasks_app.services import transcripts
from tasks_app.services.transcripts import CallRecord

__all__ = ["Transcript"]


class Transcript:
    """Numbers the calls and messages of an attempt, over all conversations it has, and stores them."""

    def __init__(self, list_id: UUID, attempt_id: UUID) -> None:
        self._list_id = list_id
        self._attempt_id = attempt_id
        self._calls = 0
        self._messages = 0

    async def answered(self, reply: Reply, messages: Sequence[Message]) -> None:
        """Store a call that was answered, and the messages since the last, its answer among them."""
        self._calls += 1
        call = CallRecord(
            number=self._calls,
            model=reply.model,
            input_tokens=reply.usage.input_tokens,
            output_tokens=reply.usage.output_tokens,
            cost=reply.cost,
            seconds=reply.seconds,
            finish_reason=reply.finish_reason,
        )
        await self._record(messages, call)

    async def unanswered(self, model: str, error: str, seconds: float, messages: Sequence[Message]) -> None:
        """Store a call that ended in an error."""
        self._calls += 1
        await self._record(messages, CallRecord(number=self._calls, model=model, seconds=seconds, error=error))

    async def rest(self, messages: Sequence[Message]) -> None:
        """Store messages after which the model was not asked again."""
        if messages:
            await self._record(messages, None)

    async def _record(self, messages: Sequence[Message], call: CallRecord | None) -> None:
        # Numbered before the first await: several conversations of one attempt may record at once.
        first_position = self._messages + 1
        self._messages += len(messages)
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
