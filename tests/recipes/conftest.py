"""The offline model behind an address, as another program would reach it."""

from collections.abc import Iterator

import pytest

from tasks_app.conf import conf
from tasks_app.llm import offline
from tasks_app.llm.address import OFFLINE_MODEL
from tasks_app.llm.loopback import serve_in_thread


@pytest.fixture
def over_http(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The deployment's model is the offline model, over HTTP on loopback."""
    monkeypatch.setattr(conf, "offline_seconds", 0)
    monkeypatch.setattr(conf, "model", OFFLINE_MODEL)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve_in_thread(offline.application) as base_url:
        monkeypatch.setenv("OPENAI_BASE_URL", base_url)
        yield
