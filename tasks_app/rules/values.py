"""What may be stored: JSON of a bounded size, and text every database accepts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from tasks_app.errors import ValueRefused
from tasks_app.rules import given

MAX_ID_CHARS = 200  # an id is typed by people and stands in URLs
MAX_DEPTH = 200  # levels of a value: SQLite and Python read about 1,000, and some of the stack is taken already

# PostgreSQL stores neither NUL nor half a surrogate pair, in text or in JSON.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def as_json(value: Any, *, what: str, max_bytes: int) -> Any:
    """`value` as plain JSON data, pydantic values dumped; `what` names it in the error, e.g. `The result of task 'a'`.

    Raises:
        ValueRefused: it is not JSON (NaN and infinity are not), holds a character no database stores, is nested more
            than 200 levels deep, or is larger than `max_bytes` as compact UTF-8 JSON.
    """
    try:
        text = json.dumps(value, default=_dump, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
        plain = json.loads(text) if size <= max_bytes else None
    except UnicodeEncodeError:
        raise ValueRefused(f"{what} holds half a surrogate pair, which is no text; remove it.") from None
    except RecursionError:
        raise ValueRefused(f"{what} is nested more than {MAX_DEPTH} levels deep; flatten it.") from None
    except (TypeError, ValueError) as error:
        raise ValueRefused(f"{what} is not JSON: {error}.") from None
    if size > max_bytes:
        raise ValueRefused(
            f"{what} is {size:,} bytes as JSON; at most {max_bytes:,} are stored (CRUX_MAX_VALUE_BYTES)."
        )
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_too_deep(plain):
        raise ValueRefused(f"{what} is nested more than {MAX_DEPTH} levels deep; flatten it.")
    if "\\u0000" in text and _has_nul(plain):
        raise ValueRefused(f"{what} holds a NUL character, which no database stores; remove it.")
    return plain


def as_metadata(value: Mapping[str, Any], *, what: str, max_bytes: int) -> dict[str, Any]:
    """A dict as plain JSON data; see `as_json`."""
    plain: dict[str, Any] = as_json(dict(given.mapping(value, what)), what=what, max_bytes=max_bytes)
    return plain


def as_reason(value: str) -> str:
    """A reason as it is kept beside what it was given for."""
    return clean_text(given.text(value, "A reason"), max_chars=500)


def is_id(text: object) -> bool:
    """Whether `text` may be a task's id: 1 to 200 characters any database stores, without blanks at its ends."""
    if not isinstance(text, str):
        return False
    return 0 < len(text) <= MAX_ID_CHARS and text == text.strip() and not _UNSTORABLE.search(text)


def check_name(text: str, *, what: str, max_chars: int) -> str:
    """`text`, the name of an agent or a model, as it is; empty names none.

    Raises:
        ValueRefused: it is too long or holds what no database stores. Cut or cleaned it would name another.
    """
    if len(given.text(text, what)) > max_chars or _UNSTORABLE.search(text):
        cut = clean_text(text, max_chars=max_chars)
        raise ValueRefused(f"{what} is a name of at most {max_chars} characters of text, not {cut!r}.")
    return text


def clean_text(text: str, *, max_chars: int | None = None) -> str:
    """`text` with what no database stores replaced by U+FFFD, cut to `max_chars` with an ellipsis."""
    text = _UNSTORABLE.sub("\ufffd", text)
    return text if max_chars is None or len(text) <= max_chars else text[: max_chars - 1] + "…"


def headline(value: Any, *, max_chars: int = 200) -> str:
    """One line that stands for a result: its text, its summary or title, else its JSON."""
    if isinstance(value, dict):
        for key in ("summary", "title", "text", "answer", "result"):
            if isinstance(value.get(key), str) and value[key].strip():
                value = value[key]
                break
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return clean_text(" ".join(text.lstrip()[: max_chars * 8].split()), max_chars=max_chars)


def excerpt(value: Any, *, max_chars: int = 500) -> Any:
    """`value`, plain JSON, as it is if it is short; else its text, or its JSON as text, cut with an ellipsis."""
    if isinstance(value, (str, dict, list)):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return value if len(text) <= max_chars else clean_text(text, max_chars=max_chars)
    return value


def storable(value: Any, *, levels: int = MAX_DEPTH) -> Any:
    """`value`, plain JSON from outside, made such that every database stores it.

    In every text of it the characters that none stores are replaced, NaN and infinity become None, and what is nested
    deeper than `levels` an ellipsis.
    """
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, (dict, list, tuple)) and levels == 0:
        return "…"
    if isinstance(value, dict):
        return {clean_text(str(key)): storable(item, levels=levels - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(item, levels=levels - 1) for item in value]
    if (isinstance(value, float) and value != value) or value in (float("inf"), float("-inf")):
        return None
    return value


def _dump(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _is_too_deep(value: Any) -> bool:
    """Whether a list or object stands below MAX_DEPTH others; level by level, as recursion has limits of its own."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for outer in level
            if isinstance(outer, (dict, list))
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return any(isinstance(value, (dict, list)) for value in level)


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_has_nul(key) or _has_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(_has_nul(item) for item in value)
