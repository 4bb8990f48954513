"""What tests of agents share."""

import pytest

from tasks_app.agents import registry


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Agents that a test registers are gone after it."""
    registry.autodiscover()
    monkeypatch.setattr(registry, "_runners", dict(registry._runners))
