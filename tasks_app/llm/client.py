"""The one way to a model: the OpenAI SDK's connection, without its parameter transform, and our own patience.

`chat.completions.create()` spends three times the CPU of `client.post()`; the SDK's retries know no deadline.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
import httpx2
from openai import APIConnectionError, APIStatusError, AsyncOpenAI, DefaultAioHttpClient, OpenAIError

from tasks_app.conf import conf
from tasks_app.errors import ModelError
from tasks_app.llm import answers, offline
from tasks_app.llm.address import OFFLINE_MODEL, Address, current_address
from tasks_app.llm.endpoint import ASGIApp
from tasks_app.llm.model import Message, Model, Reply, ToolSpec
from tasks_app.llm.retries import Fault, Retries
from tasks_app.llm.usage import cost, usage_of

__all__ = ["Models", "open_models"]

logger = logging.getLogger(__name__)

READ_SECONDS = 600.0  # one read; a slow model thinks for minutes before its first byte
CONNECT_SECONDS = 10.0  # whoever does not take a connection in this time is not there
CONNECTIONS = 10_000  # above the slots a process may have, so that no call ever waits for another's connection

Sleep = Callable[[float], Awaitable[object]]
Clock = Callable[[], float]

_open: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Address, tuple[Models, int]]] = WeakKeyDictionary()


class Models:
    """The models of one endpoint, over one client, built at the first call. Belongs to one event loop.

    They may be asked from another thread's loop, as a plain function's `run_sync` has one; the call is made on theirs.
    """

    def __init__(self, address: Address, *, app: ASGIApp | None, sleep: Sleep, clock: Clock) -> None:
        self.address = address
        self._app = app
        self._sleep = sleep
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._client: AsyncOpenAI | None = None

    @property
    def offline(self) -> bool:
        """Whether the embedded model answers, which is no AI."""
        return self.address.offline

    def get(self, name: str | None = None) -> Model:
        """The model of this name; without one `CRUX_MODEL`, else, with no endpoint set, the offline model.

        Raises:
            ModelError: there is an endpoint, and nobody named a model.
        """
        known = (name or "").strip() or conf.model.strip() or (OFFLINE_MODEL if self.offline else "")
        if not known:
            raise ModelError(
                f"No model is named for {self.address.host}; set CRUX_MODEL, or name one on the agent.",
                retryable=False,
            )
        return _EndpointModel(known, self)

    async def aclose(self) -> None:
        """Close the connections. Calls under way fail."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _connected(self) -> AsyncOpenAI:
        if self._client is None:
            self.address.check()
            self._client = AsyncOpenAI(
                base_url=self.address.base_url,
                api_key=self.address.api_key,
                max_retries=0,
                http_client=_http_client(self._app),
            )
        return self._client

    async def _try(self, body: dict[str, Any], seconds: float | None) -> dict[str, Any] | Fault:
        """One call of at most `seconds`. Of a failure only words leave: an exception carries the request."""
        read = READ_SECONDS if seconds is None else min(READ_SECONDS, seconds)
        timeout = httpx2.Timeout(read, connect=min(CONNECT_SECONDS, read))
        host = self.address.host
        client = self._connected()
        try:
            async with asyncio.timeout(seconds):  # the SDK's timeouts are per read, and an app in process has none
                response = await client.post(
                    "/chat/completions", body=body, cast_to=httpx2.Response, options={"timeout": timeout}
                )
        except TimeoutError:
            return Fault(f"{host} did not answer in time")
        except APIStatusError as error:
            answer = error.response
            return answers.fault_of(answer.status_code, answer.headers, self.address.redact(answer.content))
        except (
            APIConnectionError,
            aiohttp.ClientError,
        ) as error:  # aiohttp's: the SDK's transport maps most of them
            return Fault(f"no answer from {host}: {self._words(error.__cause__ or error)}")
        except (OpenAIError, TypeError, ValueError) as error:  # the request could not even be written
            return Fault(f"the request cannot be sent: {self._words(error)}", retryable=False)
        answered = answers.read(response.content)
        return answers.read(self.address.redact(response.content)) if isinstance(answered, Fault) else answered

    def _words(self, error: BaseException) -> str:
        words = str(error).strip() or type(error).__name__
        return self.address.redact(words.encode("utf-8", "replace")).decode()[:300]


class _EndpointModel:
    """A name at an endpoint."""

    def __init__(self, name: str, models: Models) -> None:
        self.name = name
        self._models = models

    def __repr__(self) -> str:
        return f"<model {self.name!r} at {self._models.address.host}>"

    async def complete(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float | None = None
    ) -> Reply:
        """See `Model.complete`; without a deadline five tries, the last begun within 60 s."""
        home = self._models._loop
        asked = self._ask(messages, tools, deadline)
        if home is asyncio.get_running_loop():
            return await asked
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asked, home))

    async def _ask(self, messages: Sequence[Message], tools: Sequence[ToolSpec], deadline: float | None) -> Reply:
        models = self._models
        body: dict[str, Any] = {"model": self.name, "messages": list(messages)}
        if tools:  # some endpoints refuse an empty list
            body["tools"] = list(tools)
        started = models._clock()
        retries = Retries(started, deadline)
        while True:
            seconds = None if deadline is None else deadline - models._clock()
            if seconds is not None and seconds <= 0:
                raise ModelError(f"Model {self.name!r} was not asked: the time was up before the call.")
            outcome = await models._try(body, seconds)
            if not isinstance(outcome, Fault):
                return self._reply(outcome, models._clock() - started)
            wait = retries.wait_after(outcome, models._clock())
            if wait is None:
                raise self._error(outcome, retries.tries)
            logger.info(
                "Model %r is asked again in %.1f s: %s",
                self.name,
                wait,
                outcome.words,
                extra={"action": "model.retry"},
            )
            await models._sleep(wait)

    def _reply(self, answer: dict[str, Any], seconds: float) -> Reply:
        usage = usage_of(answer)
        model = answer.get("model")
        answered = model if isinstance(model, str) and model else self.name
        return Reply(
            message=answers.message_of(answer),
            finish_reason=str(answer["choices"][0].get("finish_reason") or ""),
            model=answered,
            usage=usage,
            cost=cost(answer, usage, self.name, answered),
            seconds=seconds,
        )

    def _error(self, fault: Fault, tries: int) -> ModelError:
        asked = f" after {tries} tries" if tries > 1 else ""
        wished = "" if fault.retry_after is None else f" (it asked to wait {fault.retry_after:.0f} s)"
        return ModelError(
            f"Model {self.name!r} gave no answer{asked}: {fault.words}{wished}", retryable=fault.retryable
        )


@asynccontextmanager
async def open_models(
    *, app: ASGIApp | None = None, sleep: Sleep = asyncio.sleep, clock: Clock = time.monotonic
) -> AsyncIterator[Models]:
    """The models of the endpoint that the environment names; opened again in the same loop they are the same.

    `app` answers in this process instead, for tests; `sleep` and `clock` are theirs to move, too.
    """
    address = current_address()
    if app is not None or sleep is not asyncio.sleep or clock is not time.monotonic:
        if app is not None:
            address = replace(address, offline=False)
        models = _models(address, app, sleep, clock)
        try:
            yield models
        finally:
            await models.aclose()
        return
    shared = _open.setdefault(asyncio.get_running_loop(), {})
    models, users = shared.get(address) or (_models(address, None, sleep, clock), 0)
    shared[address] = (models, users + 1)
    try:
        yield models
    finally:
        models, users = shared.pop(address)
        if users > 1:
            shared[address] = (models, users - 1)
        else:
            await models.aclose()


def _models(address: Address, app: ASGIApp | None, sleep: Sleep, clock: Clock) -> Models:
    return Models(address, app=offline.application if address.offline else app, sleep=sleep, clock=clock)


def _http_client(app: ASGIApp | None) -> httpx2.AsyncClient:
    if app is None:
        return DefaultAioHttpClient(limits=httpx2.Limits(max_connections=CONNECTIONS))
    # An application that breaks is a 500, as behind a socket. trust_env: a proxy would take the calls away.
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, trust_env=False)
