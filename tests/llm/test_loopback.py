from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tasks_app.llm.loopback import serve, serve_in_thread
from tasks_app.llm.offline import application


async def exchange(base_url: str, sent: bytes) -> bytes:
    host, port = base_url.removeprefix("http://").removesuffix("/v1").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


async def test_a_connection_is_kept_for_the_next_request() -> None:
    async with serve(application) as base_url:
        asked = b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n"
        answer = await exchange(base_url, asked + asked)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.count(b"offline-extract") == 2


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /nothing HTTP/1.1\r\n\r\n", b"404 Not Found"),
        (b"DELETE /v1/models HTTP/1.1\r\n\r\n", b"405 Method Not Allowed"),
        (b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}", b"400 Bad Request"),
        (b"POST /v1/chat/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", b"411 Length"),
        (b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n", b"411 Length"),
        (b"GET /v1/models HTTP/1.1\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n", b"100 Continue"),
    ],
)
async def test_requests_are_answered_with_their_status(sent: bytes, status: bytes) -> None:
    async with serve(application) as base_url:
        assert (await exchange(base_url, sent)).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize(
    "sent", [b"", b"\x16\x03\x01", b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n"]
)
async def test_what_is_no_http_is_closed_and_the_next_caller_served(sent: bytes) -> None:
    async with serve(application) as base_url:
        assert await exchange(base_url, sent) == b""
        assert b"200 OK" in await exchange(base_url, b"GET /v1/models HTTP/1.1\r\n\r\n")


async def test_an_application_that_breaks_answers_500() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("bug")

    async with serve(broken) as base_url:
        assert (await exchange(base_url, b"GET / HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 500 ")


async def test_a_taken_port_is_told_to_the_caller() -> None:
    async with serve(application) as base_url:
        port = int(base_url.rpartition(":")[2].removesuffix("/v1"))
        with pytest.raises(OSError, match="in use"), serve_in_thread(application, port=port):
            pass


async def test_a_server_stops_though_a_caller_stays() -> None:
    async with serve(application) as base_url:
        port = int(base_url.rpartition(":")[2].removesuffix("/v1"))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /v1/models HTTP/1.1\r\n\r\n")
        await reader.readuntil(b"}]}")
    assert await reader.read() == b""
    writer.close()
