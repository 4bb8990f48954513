"""Daphne, with a stop that is clean: requests in flight are answered, and no connection is cut half-way through one."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from typing import Any

from daphne.cli import CommandLineInterface
from daphne.http_protocol import WebRequest
from daphne.server import Server
from twisted.internet import defer, reactor
from twisted.python.failure import Failure

APPLICATION = "crux_site.asgi:application"
DRAIN_SECONDS = 4.0  # a request in flight may take so long after the stop
CANCEL_SECONDS = 1.0  # then its application may take so long to let go
FLUSH_SECONDS = 0.02  # between two looks at what is still to be sent
LAST_RESORT_SECONDS = 2  # then a view that hangs in its thread is ended with the process
MISUSE = 2


def serve(host: str, port: int) -> None:
    """Serve the site on `host:port` until SIGTERM or SIGINT.

    Raises:
        SystemExit: code 2, with one line on stderr, if nothing can listen there.
    """
    command = _Command()
    address = f"[{host}]" if ":" in host else host
    try:
        # Verbosity 0: no access log; a live board asks for too much to read.
        command.run(["--verbosity", "0", "--bind", host, "--port", str(port), "--no-server-name", APPLICATION])
    except SystemExit:
        refusal = command.server.refusal if command.server else ""
        if not refusal:
            raise
        sys.stderr.write(f"Cannot listen on {address}:{port}: {refusal}. Choose another with --port.\n")
        sys.exit(MISUSE)


class DrainingServer(Server):  # type: ignore[misc]  # Daphne carries no types
    """Daphne's server with a stop that waits. The stock one raises in the middle of it, and hangs or crashes."""

    refusal = ""  # why it cannot listen

    def listen_error(self, failure: Failure) -> None:
        """Note why, and end before the reactor runs."""
        error = getattr(failure.value, "socketError", failure.value)
        self.refusal = getattr(error, "strerror", None) or str(error)
        self.stop()

    def kill_all_applications(self) -> defer.Deferred[None]:
        """Stop listening, wait for the answers on their way, then cancel what is left."""
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, DRAIN_SECONDS + CANCEL_SECONDS + LAST_RESORT_SECONDS)
        for listener in self.listeners:
            listener.addCallback(_stop_listening)
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._drain()))

    async def _drain(self) -> None:
        deadline = time.monotonic() + DRAIN_SECONDS
        if requests := self._applications(WebRequest):
            await asyncio.wait(requests, timeout=DRAIN_SECONDS)
        if rest := self._applications(object):
            for application in rest:
                application.cancel()
            await asyncio.wait(rest, timeout=CANCEL_SECONDS)
        # An application is done when it has said its last word, not when the client has got it.
        while reactor.getWriters() and time.monotonic() < deadline:  # type: ignore[misc]  # a module that is an object
            await asyncio.sleep(FLUSH_SECONDS)

    def _applications(self, kind: type) -> list[asyncio.Future[Any]]:
        """Those at work for connections of `kind`. A connection has none before its request is read, and after."""
        return [
            details["application_instance"]
            for protocol, details in self.connections.items()
            if isinstance(protocol, kind)
            and "application_instance" in details
            and not details["application_instance"].done()
        ]


class _Command(CommandLineInterface):  # type: ignore[misc]  # Daphne carries no types
    server_class = DrainingServer


def _stop_listening(port: Any) -> Any:
    """A listener that failed to listen has no port."""
    return port.stopListening() if port is not None else None
