"""What a call used and what it cost."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from tasks_app.conf import conf
from tasks_app.llm.model import Usage

__all__ = ["cost", "estimate_tokens", "usage_of"]

MILLION = Decimal(1_000_000)
BYTES_A_TOKEN = 3  # errs on the high side for English and is about right for code and most other scripts


def usage_of(answer: dict[str, Any]) -> Usage:
    """The token counts of a Chat Completions answer; what is missing or no count is 0."""
    said = answer.get("usage")
    if not isinstance(said, dict):
        return Usage()
    return Usage(_count(said.get("prompt_tokens")), _count(said.get("completion_tokens")))


def cost(answer: dict[str, Any], usage: Usage, *names: str) -> Decimal | None:
    """USD of one call: the endpoint's own `usage.cost`, else `CRUX_PRICES` of the first of `names` it knows.

    None where nobody knows: a guess on a bill is worse than a blank.
    """
    said = answer.get("usage")
    own = _amount(said.get("cost")) if isinstance(said, dict) else None
    if own is not None:
        return own
    price = next((conf.prices[name] for name in names if name in conf.prices), None)
    if price is None:
        return None
    per_input, per_output = (Decimal(str(usd)) for usd in price)
    return (usage.input_tokens * per_input + usage.output_tokens * per_output) / MILLION


def estimate_tokens(text: str) -> int:
    """Tokens of `text`, without a tokenizer's tables (they are a download)."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_A_TOKEN)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
        return 0
    return int(value)


def _amount(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None
