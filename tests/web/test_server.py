"""The server process: its stop, and what it says when it cannot start."""

import http.client
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.processes import Tree, until

pytestmark = pytest.mark.process

# A site of three pages: a quick one, one that takes its time in a thread, one that never answers; and a socket.
SITE = """
import asyncio, sys, time
from tasks_app.web import server
async def site(scope, receive, send):
    if scope["type"] == "websocket":
        await receive(); await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect": pass
        return
    print("asked", scope["path"], flush=True)
    if scope["path"] == "/slow": await asyncio.to_thread(time.sleep, 1.0)
    if scope["path"] == "/never": await asyncio.Event().wait()
    if scope["path"] == "/stuck": await asyncio.to_thread(time.sleep, 600)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x" * 3_000_000})
server.APPLICATION = "__main__:site"
if len(sys.argv) > 2: server.DRAIN_SECONDS = float(sys.argv[2]); server.LAST_RESORT_SECONDS = 1
server.serve("127.0.0.1", int(sys.argv[1]))
"""


class Site:
    """A served site on a port of its own."""

    def __init__(self, home: Path, *args: str) -> None:
        self.port = free_port()
        self.tree = Tree([sys.executable, "-c", SITE, str(self.port), *args], home)
        self.answers: list[bytes | Exception] = []
        until(self._listens, "the server")

    def ask(self, path: str) -> threading.Thread:
        """Ask for `path` beside; returns once the site was asked."""
        thread = threading.Thread(target=self._ask, args=(path,))
        thread.start()
        until(lambda: f"asked {path}" in self.tree.output.read_text(), f"a request for {path}")
        return thread

    def connect(self) -> socket.socket:
        """A WebSocket, its handshake sent."""
        client = socket.create_connection(("127.0.0.1", self.port))
        client.sendall(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        return client

    def _ask(self, path: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            self.answers.append(connection.getresponse().read())
        except (OSError, http.client.HTTPException) as error:
            self.answers.append(error)
        finally:
            connection.close()

    def _listens(self) -> bool:
        assert self.tree.process.poll() is None, self.tree.output.read_text()
        return listens(self.port)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def site(home: Path) -> Iterator[Site]:
    site = Site(home)
    yield site
    site.tree.end()


@pytest.fixture
def hasty_site(home: Path) -> Iterator[Site]:
    """It waits 0.2 s for answers at its stop."""
    site = Site(home, "0.2")
    yield site
    site.tree.end()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_answers_on_their_way_are_given_whole_before_the_stop(site: Site, signum: signal.Signals) -> None:
    asked = site.ask("/slow")
    with site.connect():
        site.tree.process.send_signal(signum)

        assert site.tree.process.wait(20) == 0
    asked.join()
    assert [len(answer) for answer in site.answers if isinstance(answer, bytes)] == [3_000_000]


def test_a_socket_that_has_just_connected_does_not_crash_the_stop(site: Site) -> None:
    with site.connect(), site.connect(), socket.create_connection(("127.0.0.1", site.port)):
        site.tree.process.terminate()

        assert site.tree.process.wait(20) == 0
    assert "Traceback" not in site.tree.output.read_text()


def test_a_request_without_an_answer_does_not_hold_up_the_stop(hasty_site: Site) -> None:
    asked = hasty_site.ask("/never")

    hasty_site.tree.process.terminate()

    assert hasty_site.tree.process.wait(20) == 0
    asked.join()


def test_a_view_that_hangs_in_its_thread_is_ended_with_the_process(hasty_site: Site) -> None:
    asked = hasty_site.ask("/stuck")

    hasty_site.tree.process.terminate()

    assert hasty_site.tree.process.wait(20) == -signal.SIGALRM
    asked.join()


def test_a_taken_port_gets_one_line_and_exit_code_2(home: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        tree = Tree([sys.executable, "-c", SITE, str(port)], home)

        assert tree.process.wait(20) == 2
    assert tree.output.read_text().splitlines() == [
        f"Cannot listen on 127.0.0.1:{port}: Address already in use. Choose another with --port."
    ]


def test_it_serves_the_site_and_prints_no_access_log(home: Path) -> None:
    (home / "static").mkdir()
    port = free_port()
    code = f"from tasks_app.web.server import serve; serve('127.0.0.1', {port})"
    tree = Tree([sys.executable, "-c", code], home)
    try:
        until(lambda: listens(port), "the server")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/nowhere")
        assert connection.getresponse().status == 404
        connection.close()
        tree.process.terminate()
        assert tree.process.wait(20) == 0
        assert tree.output.read_text() == ""
    finally:
        tree.end()
