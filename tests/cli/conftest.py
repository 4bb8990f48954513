"""A console, and a worker that works whenever somebody waits."""

import itertools
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from tasks_app.agents import registry
from tasks_app.cli import following
from tasks_app.services import claims
from tasks_app.services.claims import Claim
from tests.builders import a_worker
from tests.cli.console import Console

Work = Callable[[Claim], object]


@pytest.fixture
def crux(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Console:
    """`manage.py crux`, with an agent `writer` beside the built-in ones."""
    registry.worker("writer")(_write)
    return Console(capsys)


@pytest.fixture
def at_work(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[Work], None]:
    """Give it what a worker does with a claim: each time somebody waits, one is claimed and it is done."""
    worker = a_worker()
    work: list[Work] = []
    clock = itertools.count()  # a second passes with each look

    def wait(seconds: float) -> None:
        for claim in claims.claim(worker.id, 1, idle=True).claims:
            work[0](claim)

    monkeypatch.setattr(following, "time", SimpleNamespace(sleep=wait, monotonic=lambda: float(next(clock))))
    return work.append


def _write(input: object) -> object:
    return input
