"""JSON schemas with their references followed and their `allOf` put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

__all__ = ["Dangling", "References"]


class Dangling(Exception):
    """A reference leads nowhere, or back to where it stands."""


class References:
    """The references within one schema, and which of them led to where one reads."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._inside: list[str] = []  # the references that lead here: one that comes back contains itself

    @contextmanager
    def within(self) -> Iterator[None]:
        """Read a part; the references followed in it are left with it."""
        outside = len(self._inside)
        try:
            yield
        finally:
            del self._inside[outside:]

    def resolved(self, schema: Any) -> Mapping[str, Any]:
        """The schema itself. `true` and junk allow anything.

        Raises:
            Dangling: a reference cannot be followed.
        """
        merged: dict[str, Any] = {}
        pending = [schema]
        while pending:
            part = pending.pop(0)
            if not isinstance(part, dict):
                continue
            if isinstance(part.get("$ref"), str):
                pending.append(self._referred(part["$ref"]))
            if isinstance(part.get("allOf"), list):
                pending.extend(part["allOf"])
            for key, value in part.items():
                if key == "properties":
                    merged[key] = {**merged.get(key, {}), **(value if isinstance(value, dict) else {})}
                elif key == "required":
                    merged[key] = [*merged.get(key, []), *(value if isinstance(value, list) else [])]
                elif key not in ("$ref", "allOf"):
                    merged.setdefault(key, value)
        return merged

    def _referred(self, reference: str) -> Any:
        if reference in self._inside:
            raise Dangling("contains itself")
        self._inside.append(reference)
        found = self._root
        for step in reference.removeprefix("#").strip("/").split("/") if reference != "#" else ():
            step = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or step not in found:
                raise Dangling(f"refers to {reference!r}, which is not there")
            found = found[step]
        return found
