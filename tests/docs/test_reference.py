"""The tables of docs/reference say what the code says."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re

import pytest
from django.urls.resolvers import RoutePattern

from tasks_app import crux
from tasks_app.management.commands.crux import VERBS
from tasks_app.rules.statuses import MOVES, AttemptStatus, ListStatus, TaskStatus
from tasks_app.web import urls
from tasks_app.web.snapshots import KINDS as SHOWN_AS
from tests.docs import statuses
from tests.docs.pages import Page, code, page

CLI, HTTP = (page(f"docs/reference/{name}.md") for name in ("cli", "http"))
PYTHON, LISTS, PATTERNS = (page(f"docs/reference/{name}.md") for name in ("python", "python-lists", "python-patterns"))
NAMES = PYTHON.text + LISTS.text + PATTERNS.text
HANDLES = [crux.PlanHandle, crux.TaskListHandle]


class TestStatuses:
    def test_the_moves_are_those_of_the_table(self) -> None:
        assert statuses.moves() == {
            (str(old), str(new)): {str(by) for by in hands} for (old, new), hands in MOVES.items()
        }

    def test_each_status_is_told_with_its_word_on_the_board(self) -> None:
        told = re.findall(r"^\| `(\w+)` \| ([^`|]+) \|", statuses.PAGE.section("Of a task"), re.M)

        assert told == [(str(status), SHOWN_AS[status][1]) for status in TaskStatus]

    def test_the_statuses_of_attempts_and_lists_are_all_there(self) -> None:
        assert set(AttemptStatus) <= set(code(statuses.PAGE.section("Of an attempt")))
        assert set(ListStatus) <= set(code(statuses.PAGE.section("Of a list")))


class TestCommands:
    def test_the_verbs_are_those_of_the_command_line(self) -> None:
        told = re.findall(r"^## (.+)$", CLI.text, re.M)

        assert told == [name for name, verb in VERBS.items() if hasattr(verb, "HELP")]

    @pytest.mark.parametrize("name", [name for name, verb in VERBS.items() if hasattr(verb, "HELP")])
    def test_a_verb_has_the_options_that_are_told(self, name: str) -> None:
        parser = argparse.ArgumentParser()
        VERBS[name].add_arguments(parser)  # type: ignore[arg-type]  # Django's has more than is asked of it here

        told = [code(line)[0] for line in CLI.section(name).split("\n") if line.startswith("| `")]

        assert set(told) == {_spelled(action) for action in parser._actions if action.dest != "help"}


def _spelled(action: argparse.Action) -> str:
    """An option as its help shows it: `--title T`, `--wait`, `LIST`."""
    value = "{" + ",".join(action.choices) + "}" if action.choices else action.metavar or action.dest.upper()
    if not action.option_strings:
        return str(value)
    return action.option_strings[0] if action.nargs == 0 else f"{action.option_strings[0]} {value}"


def test_the_addresses_are_those_of_the_site() -> None:
    told = {_plain(address) for row in HTTP.rows() for address in code(row[0])}
    served = {_plain(f"/{each.pattern}") for each in urls.urlpatterns if isinstance(each.pattern, RoutePattern)}

    assert served <= told
    assert told - served == {*EXPORTS, *SOCKETS, "/admin/", "/static/…"}


EXPORTS = {"/lists/<>/export.jsonl", "/lists/<>/export.csv"}  # one pattern of a regular expression
SOCKETS = {"/ws/events/<>/", "/ws/boards/<>/"}


def _plain(address: str) -> str:
    return re.sub(r"<[^>]+>", "<>", address)


class TestPython:
    def test_each_public_name_is_told(self) -> None:
        assert [name for name in crux.__all__ if f"`{name}" not in NAMES] == []

    def test_each_function_is_told_with_its_parameters(self) -> None:
        told = re.findall(r"^### `(.+)`$", NAMES, re.M)
        functions = {name: getattr(crux, name) for name in crux.__all__ if inspect.isfunction(getattr(crux, name))}
        made = {kind.__name__: kind for kind in (crux.ScriptedModel, crux.Step, *HANDLES)}

        assert sorted(told) == sorted(_signature(name, fn) for name, fn in (functions | made).items())

    @pytest.mark.parametrize("handle", HANDLES)
    def test_each_verb_of_a_handle_is_told_with_its_parameters(self, handle: type) -> None:
        text = LISTS.text.partition(f"### `{handle.__name__}(")[2].partition("\n### ")[0]
        told = re.findall(r"`(?:await )?(\w+\([^`]*\))`", " ".join(text.split()))
        verbs = {name: fn for name, fn in vars(handle).items() if inspect.isfunction(fn) and not name.startswith("_")}

        assert sorted({_verb(name, fn) for name, fn in verbs.items()} - set(told)) == []

    @pytest.mark.parametrize(
        ("kind", "where"),
        [
            (crux.TaskSnapshot, PYTHON),
            (crux.AttemptSnapshot, PYTHON),
            (crux.TaskListSnapshot, PYTHON),
            (crux.PlanSnapshot, LISTS),
            (crux.RevisionSnapshot, LISTS),
        ],
    )
    def test_each_field_of_a_snapshot_is_told(self, kind: type, where: Page) -> None:
        _, _, table = where.section("Snapshots").partition(f"| `{kind.__name__}` |")
        told = [name for row in table.partition("\n\n")[0].split("\n")[2:] for name in code(row.split(" | ")[0])]

        assert sorted(told) == sorted(field.name for field in dataclasses.fields(kind))


def _verb(name: str, fn: object) -> str:
    return _signature(name, fn).replace("(self, ", "(").replace("(self)", "()")


def _signature(name: str, fn: object) -> str:
    """Names and defaults alone; a function that is a default by its name."""
    signature = inspect.signature(fn)  # type: ignore[arg-type]  # each of these has one
    plain = [
        parameter.replace(annotation=parameter.empty, default=_Named(parameter.default))
        if inspect.isfunction(parameter.default)
        else parameter.replace(annotation=parameter.empty)
        for parameter in signature.parameters.values()
    ]
    return f"{name}{signature.replace(parameters=plain, return_annotation=signature.empty)}"


class _Named:
    def __init__(self, fn: object) -> None:
        self._name = getattr(fn, "__name__", "")

    def __repr__(self) -> str:
        return self._name
