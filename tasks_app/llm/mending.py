"""One mended try after a refused result: the fields its refusal names, added from the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tasks_app.llm.conversation import ToolResult
from tasks_app.llm.extract import Digest
from tasks_app.llm.schemas import CannotFill, fill

__all__ = ["mended"]

_DEMANDS = re.compile(r"\b(?:must|miss\w*|needs?|requir\w*|includ\w*|without|lacks?|no|give|add)\b", re.I)
_FIELD = re.compile(
    r"(?:^|[\s.])(?P<absent>[A-Za-z_]\w*): Field required"
    r"|(?P<quote>[`'\"])(?P<quoted>[A-Za-z_]\w*)(?P=quote)"
    r"|\b(?:an?|the|its|no)\s+(?P<listed>[A-Za-z_]\w*)\s+(?:array|list)\b"
)
_SEVERAL = re.compile(r"\b(?:array|list|lists)\b", re.I)


def mended(refused: ToolResult, schema: Mapping[str, Any], read: Digest, text: str) -> dict[str, Any] | None:
    """The refused arguments with the fields that the refusal asks for; None if it asks for none that could be added.

    Where the tool takes any `result`, they go into that, beside the text, which becomes its `summary`.
    """
    if "completed" not in refused.answer.get("allowed", ("completed",)) or not _DEMANDS.search(refused.error):
        return None
    arguments = dict(refused.arguments)
    properties = schema.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    free = properties.get("result")
    inside = isinstance(free, dict) and free.get("type", "object") == "object" and "properties" not in free
    result = arguments.get("result")
    held = arguments if not inside else dict(result) if isinstance(result, dict) else {"summary": result}
    if not inside and (properties or schema.get("additionalProperties") is False):
        return None  # it takes what its schema names, and that was filled as far as the text goes
    added = dict(_additions(refused.error, held, read, text))
    if not added:
        return None
    return {**arguments, "result": {**held, **added}} if inside else {**held, **added}


def _additions(error: str, held: Mapping[str, Any], read: Digest, text: str) -> Iterator[tuple[str, Any]]:
    several = {"type": "array", "items": {"type": "string"}}
    for match in _FIELD.finditer(error):
        name = match["absent"] or match["quoted"] or match["listed"]
        if name in held or name == "result":
            continue
        try:
            filled = fill({"properties": {name: several if _SEVERAL.search(error) else {}}}, read, text)
        except CannotFill:
            continue
        if filled.get(name):
            yield name, filled[name]
