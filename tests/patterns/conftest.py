"""What tests of patterns share."""

from tests.agents.conftest import own_registry

__all__ = ["own_registry"]
