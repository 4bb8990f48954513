"""A value for a JSON schema, out of what a text offers; what the text cannot fill is not made up."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from tasks_app.llm.extract import Digest
from tasks_app.llm.references import Dangling, References

__all__ = ["CannotFill", "fill", "fill_known"]

MOST_VALUES = 5000  # of one filling; schemas of schemas of lists grow without bounds
SPECIAL = frozenset({"enum", "const", "format", "pattern", "anyOf", "oneOf", "properties", "items"})
MOST_ENTRIES = 20  # of a list
SEARCHED = 4000  # characters of text a pattern is tried on; patterns may be slow

_FORMATS = {
    "date": r"\d{4}-\d{2}-\d{2}",
    "date-time": r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})",
    "time": r"\d{2}:\d{2}(?::\d{2})?",
    "email": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "uri": r"https?://[^\s<>\"')\]]+[\w/]",
    "uuid": r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
}
_TITLES = ("title", "name", "headline", "heading", "label", "subject", "topic")
_LINKS = ("links", "urls")
_SOURCES = ("sources", "references", "citations")
_SENTENCES = (
    "sentence",
    "point",
    "bullet",
    "highlight",
    "summar",
    "paragraph",
    "finding",
    "takeaway",
    "note",
)


class CannotFill(Exception):
    """The text has nothing for a field that the schema asks for; the message names the field."""


def fill(schema: Any, digest: Digest, text: str) -> Any:
    """A value that fits `schema`: sentences for strings, terms for lists, counts for numbers, enums' first.

    A schema without a type gets the summary. Optional fields that the text has nothing for are left out.

    Raises:
        CannotFill: a required field asks for what the text does not hold (a date, say, where it has none).
    """
    return _Filler(schema, digest, text).value(schema, "result")


def fill_known(schema: Any, known: Mapping[str, Any], digest: Digest, text: str) -> dict[str, Any]:
    """An object of `known`'s values, as far as `schema` has a place for them; of all else only what it requires.

    Raises:
        CannotFill: as for `fill`.
    """
    filled = _Filler(schema, digest, text).known(dict(known), schema, "arguments")
    return filled if isinstance(filled, dict) else {}


class _Filler:
    def __init__(self, root: Any, digest: Digest, text: str) -> None:
        self._references = References(root)
        self._digest = digest
        self._text = text
        self._left = MOST_VALUES

    def value(self, schema: Any, name: str) -> Any:
        self._left -= 1
        if self._left < 0:
            raise CannotFill(f"{name!r} is beyond what one answer should hold")
        with self._references.within():
            return self._of_kind(self._resolved(schema, name), name)

    def known(self, value: Any, schema: Any, name: str) -> Any:
        """A value that is known, with what the schema has no place for left out and what else it asks for filled."""
        with self._references.within():
            wanted = self._resolved(schema, name)
            for key in ("anyOf", "oneOf"):
                if isinstance(wanted.get(key), list) and (found := self._suiting(value, wanted[key], name)) is not None:
                    return self.known(value, found, name)
            if isinstance(value, list):
                most = max(int(_bound(wanted, "maxItems", MOST_ENTRIES)), 0)
                return [self.known(entry, wanted.get("items"), name) for entry in value[:most]]
            if isinstance(value, dict) and isinstance(wanted.get("properties"), dict):
                return self._known_object(value, wanted)
            return _fitted(value, wanted, name) if isinstance(value, str) else value

    def _suiting(self, value: Any, options: list[Any], name: str) -> Any:
        """The alternative of the value's kind."""
        kind = "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"
        for option in options:
            with self._references.within():
                if self._resolved(option, name).get("type") == kind:
                    return option
        return None

    def _known_object(self, value: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
        required = schema.get("required", ())
        return {
            key: self.known(value[key], inner, key) if key in value else self.value(inner, key)
            for key, inner in schema["properties"].items()
            if key in value or key in required
        }

    def _of_kind(self, schema: Mapping[str, Any], name: str) -> Any:
        for key in ("const", "enum"):
            if key in schema:
                found = schema[key]
                return found if key == "const" else _first(found, name)
        for key in ("anyOf", "oneOf"):
            if isinstance(schema.get(key), list):
                return self._either(schema[key], name)
        kinds = schema.get("type")
        kinds = [kinds] if isinstance(kinds, str) else list(kinds) if isinstance(kinds, list) else []
        if not kinds:
            kinds = ["object"] if "properties" in schema else ["array"] if "items" in schema else ["string"]
        makers = {
            "string": self._string,
            "object": self._object,
            "array": self._array,
            "integer": self._number,
            "number": self._number,
        }
        for kind in (kind for kind in makers if kind in kinds):
            return makers[kind](schema, name)
        if "boolean" in kinds:
            return bool(schema.get("default", False))
        if "null" in kinds:
            return None
        raise CannotFill(f"{name!r} has a type nobody knows")

    def _resolved(self, schema: Any, name: str) -> Mapping[str, Any]:
        try:
            return self._references.resolved(schema)
        except Dangling as reason:
            raise CannotFill(f"{name!r} {reason}") from None

    def _either(self, options: list[Any], name: str) -> Any:
        """The first alternative that can be filled; null only where nothing else can."""
        nullable = any(isinstance(option, dict) and option.get("type") == "null" for option in options)
        reason = CannotFill(f"{name!r} has no alternative that the text can fill")
        for option in options:
            if isinstance(option, dict) and option.get("type") == "null":
                continue
            try:
                return self.value(option, name)
            except CannotFill as error:
                reason = error
        if nullable:
            return None
        raise reason

    def _object(self, schema: Mapping[str, Any], name: str) -> dict[str, Any]:
        filled = {}
        for key, inner in schema.get("properties", {}).items():
            try:
                filled[key] = self.value(inner, key)
            except CannotFill:
                if key in schema.get("required", ()):
                    raise
        return filled

    def _array(self, schema: Mapping[str, Any], name: str) -> list[Any]:
        least = int(_bound(schema, "minItems", 0))
        most = max(int(_bound(schema, "maxItems", MOST_ENTRIES)), 0)
        places = schema.get("prefixItems")
        if isinstance(places, list):
            entries = [self.value(item, name) for item in places]
        else:
            entries = self._entries(schema.get("items"), name)[:most]
        if len(entries) < least:
            raise CannotFill(f"{name!r} asks for {least} entries, and the text has {len(entries)}")
        return entries

    def _entries(self, items: Any, name: str) -> list[Any]:
        """Key terms or sentences for plain strings; of all else the one entry that can be filled, or none."""
        try:
            with self._references.within():
                known = self._resolved(items, name)
            if known.get("type", "string") == "string" and not SPECIAL & known.keys():
                return [_fitted(entry, known, name) for entry in self._pool(name)]
            return [self.value(items, name)]
        except CannotFill:
            return []

    def _pool(self, name: str) -> Sequence[str]:
        """What a list of this name is made of."""
        if name.lower() in _LINKS:
            return list(dict.fromkeys(re.findall(_FORMATS["uri"], self._text)))
        if name.lower() in _SOURCES:  # without a link, all that was read is the text itself
            return list(dict.fromkeys(re.findall(_FORMATS["uri"], self._text))) or [self._digest.title]
        return self._digest.chosen if _hints(name, _SENTENCES) else self._digest.terms

    def _string(self, schema: Mapping[str, Any], name: str) -> str:
        pattern = schema.get("pattern") or _FORMATS.get(str(schema.get("format", "")))
        if isinstance(pattern, str):
            try:
                found = re.search(pattern.removeprefix("^").removesuffix("$"), self._text[:SEARCHED])
            except re.error:
                found = None
            if not found or not found[0]:
                raise CannotFill(f"{name!r} asks for {schema.get('format') or pattern}, and the text has none")
            return found[0]
        return _fitted(self._digest.title if _hints(name, _TITLES) else self._digest.summary, schema, name)

    def _number(self, schema: Mapping[str, Any], name: str) -> int | float:
        whole = schema.get("type") != "number"
        counts = {
            "word": self._digest.words,
            "sentence": self._digest.sentences,
            "paragraph": self._digest.paragraphs,
        }
        hinted = next((count for hint, count in counts.items() if hint in name.lower()), None)
        default = schema.get("default")
        wanted = hinted if hinted is not None else default if _is_number(default) else 0
        step = abs(_bound(schema, "multipleOf", 1 if whole else 0))
        gap = step or 1e-6
        least = max(_bound(schema, "minimum", -math.inf), _bound(schema, "exclusiveMinimum", -math.inf) + gap)
        most = min(_bound(schema, "maximum", math.inf), _bound(schema, "exclusiveMaximum", math.inf) - gap)
        number = min(max(wanted, least), most)
        try:
            if step:
                number = (math.ceil if number == least else math.floor)(number / step) * step
            return int(number) if whole else float(number)
        except OverflowError:
            raise CannotFill(f"{name!r} asks for a number out of bounds") from None


def _first(values: Any, name: str) -> Any:
    if isinstance(values, list) and values:
        return values[0]
    raise CannotFill(f"{name!r} allows no value at all")


def _fitted(text: str, schema: Mapping[str, Any], name: str) -> str:
    """The text within the schema's lengths, cut at a word where it must be."""
    most = int(_bound(schema, "maxLength", len(text)))
    if len(text) > most:
        text = text[:most].rsplit(" ", 1)[0] if " " in text[:most] else text[:most]
    if len(text) < _bound(schema, "minLength", 0):
        raise CannotFill(f"{name!r} asks for a longer text than there is")
    return text


def _hints(name: str, hints: tuple[str, ...]) -> bool:
    return any(hint in name.lower() for hint in hints)


def _bound(schema: Mapping[str, Any], key: str, otherwise: float) -> float:
    value = schema.get(key)
    return value if _is_number(value) else otherwise


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
