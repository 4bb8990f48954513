"""From Python types to the JSON schemas models read, and from what models send back to Python values."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from datetime import date
from functools import lru_cache
from typing import Any, get_type_hints
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import to_jsonable_python
from typing_extensions import TypeVar

from tasks_app.errors import ValueRefused
from tasks_app.rules.given import shown

__all__ = ["NO_OUTPUT", "Arguments", "Out_co", "Output", "Wanted", "as_text", "explain", "output_of", "schema_of"]

Out_co = TypeVar("Out_co", covariant=True, default=Any)  # of a value: a bare `Agent` is an agent of any output
Wanted = TypeVar("Wanted", default=None)  # of a function: whoever names no output wants none
NO_OUTPUT: Any = None  # `TypeForm[Wanted] | None` would not take an Annotated

_ERRORS_TOLD = 8  # a model mends the first few; the rest would only cost tokens
_STRICT = ConfigDict(extra="forbid")


class _Untitled(GenerateJsonSchema):
    """Without pydantic's titles, which repeat the names: a model reads, and someone pays for, every token."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema_of(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    """The JSON schema of what the adapter accepts, with a root of its own even where the type refers to itself."""
    schema: JsonSchemaValue = adapter.json_schema(schema_generator=_Untitled)
    definitions = schema.get("$defs", {})
    for definition in (schema, *definitions.values()):
        definition.pop("title", None)
    if "$ref" in schema:
        schema = {**definitions[schema["$ref"].rpartition("/")[2]], "$defs": definitions}
    return schema


def explain(error: ValidationError) -> str:
    """The errors in a line a model can act on: `pages.0: Input should be a valid integer; title: Field required`."""
    told = [
        ": ".join(filter(None, (".".join(str(part) for part in problem["loc"]), problem["msg"])))
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    more = len(told) - _ERRORS_TOLD
    return "; ".join(told[:_ERRORS_TOLD]) + (f"; and {more} more" if more > 0 else "")


def as_text(value: Any) -> str:
    """A value as a model is to read it: text as it is, anything else as JSON, with pydantic values, dataclasses (a
    handle is its id, a snapshot its fields), ids and times dumped.

    Raises:
        ValueRefused: it has no JSON form.
    """
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, default=_dump, ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise ValueRefused(f"A model reads text and JSON; this {type(value).__name__} is nested too deep.") from None
    except (TypeError, ValueError) as error:
        raise ValueRefused(f"A model reads text and JSON, not {shown(value)}: {error}.") from error


class Arguments:
    """What a function takes, as one JSON object.

    A function whose only parameter is a pydantic model takes that model's own fields; any other takes an object with
    a field a parameter. Keys that are no parameter are refused, so that a model learns of its mistake.
    """

    def __init__(self, fn: Callable[..., Any]) -> None:
        hints = get_type_hints(fn, include_extras=True)
        parameters = inspect.signature(fn).parameters
        for name, parameter in parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                raise TypeError(f"Parameter {name!r} of {fn.__qualname__}() cannot be given by name.")
        self._names = list(parameters)
        only: Any = hints.get(self._names[0]) if len(self._names) == 1 else None
        self._whole = isinstance(only, type) and issubclass(only, BaseModel)
        taken: Any = only if self._whole else _fields_of(parameters, hints)
        self._adapter: TypeAdapter[Any] = TypeAdapter(taken)
        self.schema = schema_of(self._adapter)

    def read(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The function's keyword arguments.

        Raises:
            ValidationError: they do not fit.
        """
        read = self._adapter.validate_python(arguments)
        if self._whole:
            return {self._names[0]: read}
        return {name: getattr(read, f"field_{index}") for index, name in enumerate(self._names)}


class Output:
    """What an agent is to hand in: any type pydantic knows.

    An object's own fields are the tool's parameters; anything else (a string, a list) comes in one named `result`.
    """

    def __init__(self, kind: Any) -> None:
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind)
        self._wrapper: TypeAdapter[Any] | None = None
        self.schema = self.parameters = schema_of(self._adapter)
        if "properties" not in self.schema:
            self._wrapper = TypeAdapter(create_model("Wrapper", __config__=_STRICT, result=(kind, ...)))
            self.parameters = schema_of(self._wrapper)

    def read_arguments(self, arguments: Mapping[str, Any]) -> Any:
        """The result in a tool's arguments, as JSON data.

        Raises:
            ValidationError: it does not fit.
        """
        if self._wrapper is None:
            return self.check(arguments)
        return self._adapter.dump_python(self._wrapper.validate_python(arguments).result, mode="json")

    def read_text(self, text: str) -> Any:
        """The value in a model's final text: JSON, in a code fence or not.

        Raises:
            ValidationError: it is not JSON, or does not fit.
        """
        text = text.strip()
        if text.startswith("```") and text.endswith("```"):
            text = text.strip("`").removeprefix("json")
        return self._adapter.validate_json(text)

    def check(self, value: Any) -> Any:
        """A value as JSON data, validated.

        Raises:
            ValidationError: it does not fit.
        """
        return self._adapter.dump_python(self._adapter.validate_python(value), mode="json")


def output_of(kind: Any) -> Output | None:
    """The Output of a kind, made once: building one takes a millisecond, and every attempt needs its agent's.

    Raises:
        ValueRefused: pydantic knows no such type.
    """
    if kind is None:
        return None
    try:
        try:
            return _made(kind)
        except TypeError:  # a kind that cannot be hashed
            return Output(kind)
    except Exception as error:  # pydantic has many for what it does not know
        raise ValueRefused(f"An output is a type that pydantic knows, not {shown(kind)}: {str(error)[:300]}") from error


@lru_cache(maxsize=256)
def _made(kind: Any) -> Output:
    return Output(kind)


def _fields_of(parameters: Mapping[str, inspect.Parameter], hints: Mapping[str, Any]) -> type[BaseModel]:
    # The fields are numbered and the names aliases: a parameter may be called `schema` or `copy`, a field may not.
    fields: dict[str, Any] = {}
    for index, (name, parameter) in enumerate(parameters.items()):
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[f"field_{index}"] = (hints.get(name, Any), Field(default, alias=name))
    return create_model("Arguments", __config__=_STRICT, **fields)


def _dump(value: Any) -> Any:
    if isinstance(value, BaseModel | UUID | date) or (is_dataclass(value) and not isinstance(value, type)):
        return to_jsonable_python(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
