"""What fits: which contexts stay in a system text of limited size. Whole ones go, none is cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["SEPARATOR", "Block", "Fit", "estimate_tokens", "fit"]

SEPARATOR = "\n\n"  # a blank line between the parts of a system text; a token each, whoever counts
_BYTES_A_TOKEN = 3  # real tokenizers give 3 to 4 for prose and code; the low end errs on the safe side

CountTokens = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Block:
    """One rendered context that wants to be in the text. A higher priority stays longer."""

    id: str
    text: str
    priority: int


@dataclass(frozen=True, slots=True)
class Fit:
    """What stays and what goes, both in the order given; `tokens` is the size of own text, kept blocks, separators."""

    kept: tuple[Block, ...]
    dropped: tuple[Block, ...]
    tokens: int


def estimate_tokens(text: str) -> int:
    """Tokens of a text, roughly and without a tokenizer: a third of its UTF-8 bytes, rounded up."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_A_TOKEN)


def fit(own: str, blocks: Sequence[Block], *, budget: int | None, count: CountTokens = estimate_tokens) -> Fit:
    """The blocks that fit beside `own` into `budget` tokens (None: all do).

    `own` is never dropped, so the result may be over a budget that `own` alone exceeds. The lowest priority goes
    first, of equal ones the earlier, until own + blocks + one a separator fits. Empty blocks are the caller's to leave
    out.
    """
    sizes = [count(block.text) for block in blocks]
    gone: set[int] = set()
    tokens = count(own) + sum(sizes) + max(len(blocks) - (0 if own else 1), 0)
    for index in sorted(range(len(blocks)), key=lambda index: (blocks[index].priority, index)):
        if budget is None or tokens <= budget:
            break
        gone.add(index)
        alone = not own and len(gone) == len(blocks)
        tokens -= sizes[index] + (0 if alone else 1)
    return Fit(
        kept=tuple(block for index, block in enumerate(blocks) if index not in gone),
        dropped=tuple(block for index, block in enumerate(blocks) if index in gone),
        tokens=tokens,
    )
