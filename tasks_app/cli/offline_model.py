"""`crux offline-model`: the embedded model for other programs, on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from tasks_app.cli import address
from tasks_app.llm import loopback, offline
from tasks_app.llm.address import OFFLINE_MODEL

HELP = "serve the offline model (no AI: it extracts sentences) as an OpenAI-compatible endpoint on loopback"


def add_arguments(parser: CommandParser) -> None:
    """[--port PORT]."""
    parser.add_argument("--port", type=address.port_number, default=8001, help="0 takes any free one (default 8001)")


def run(options: Mapping[str, Any]) -> int:
    """Serve until Ctrl-C."""
    try:
        asyncio.run(_serve(options["port"]))
    except OSError as error:
        raise address.cannot_listen("127.0.0.1", options["port"], error) from None
    return 0


async def _serve(port: int) -> None:
    async with loopback.serve(offline.application, port=port) as base_url:
        print(f"OPENAI_BASE_URL={base_url} CRUX_MODEL={OFFLINE_MODEL}", flush=True)
        await asyncio.Event().wait()
