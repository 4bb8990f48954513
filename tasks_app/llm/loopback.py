"""An ASGI application over plain HTTP on 127.0.0.1, so that other processes can reach a scripted model.

As much of HTTP/1.1 as model clients speak: connections kept open, bodies with a length. No TLS, no streams.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any

from tasks_app.llm.endpoint import MAX_BODY_BYTES, ASGIApp

__all__ = ["serve", "serve_in_thread"]

HOST = "127.0.0.1"


@asynccontextmanager
async def serve(app: ASGIApp, *, port: int = 0) -> AsyncIterator[str]:
    """Serve `app` in this loop; gives its base URL (`http://127.0.0.1:54321/v1`). Port 0: any free one."""
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            while await _exchange(app, reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # the caller left, or speaks no HTTP
        except asyncio.CancelledError:
            pass  # this server stops; re-raised, 3.11's streams would log it as an error
        finally:
            connections.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, HOST, port, backlog=1024)
    try:
        yield f"http://{HOST}:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await server.wait_closed()


@contextmanager
def serve_in_thread(app: ASGIApp, *, port: int = 0) -> Iterator[str]:
    """Serve `app` in a thread with a loop of its own, for tests of other processes; gives its base URL."""
    ready = threading.Event()
    stops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event, str]] = []
    failures: list[BaseException] = []

    async def main() -> None:
        stop = asyncio.Event()
        async with serve(app, port=port) as base_url:
            stops.append((asyncio.get_running_loop(), stop, base_url))
            ready.set()
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # a taken port, say: told to the caller, who waits
            failures.append(error)
            ready.set()

    thread = threading.Thread(target=run, name="loopback", daemon=True)
    thread.start()
    ready.wait()
    if not stops:
        raise failures[0]
    loop, stop, base_url = stops[0]
    try:
        yield base_url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


async def _exchange(app: ASGIApp, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """One request and its response; whether the connection stays open."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return False
    request_line, *lines = head[:-4].split(b"\r\n")
    method, target, _ = request_line.decode("latin-1").split(" ", 2)
    headers = [
        (name.strip().lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines) if name
    ]
    given = dict(headers)
    length = int(given.get(b"content-length", 0))
    if b"transfer-encoding" in given or not 0 <= length <= MAX_BODY_BYTES:
        writer.write(b"HTTP/1.1 411 Length Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        return False
    if given.get(b"expect", b"").lower() == b"100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await reader.readexactly(length)
    path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": headers,
    }
    writer.write(await _answer(app, scope, body))
    await writer.drain()
    return given.get(b"connection", b"").lower() != b"close"


async def _answer(app: ASGIApp, scope: dict[str, Any], body: bytes) -> bytes:
    """The whole response as bytes; an application that breaks answers 500."""
    received = False
    start: dict[str, Any] = {"status": 500, "headers": []}
    chunks: list[bytes] = []

    async def receive() -> dict[str, Any]:
        nonlocal received
        if received:
            return {"type": "http.disconnect"}
        received = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            chunks.append(message.get("body", b""))

    try:
        await app(scope, receive, send)
    except Exception:
        start, chunks = {"status": 500, "headers": []}, []
    status = HTTPStatus(start["status"])
    content = b"".join(chunks)
    headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    headers.append((b"content-length", str(len(content)).encode()))
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}".encode(),
        *(name + b": " + value for name, value in headers),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + content
