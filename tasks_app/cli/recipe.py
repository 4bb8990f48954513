"""`crux recipe [NAME]`: short programs on the library, listed or run."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from django.core.management.base import CommandParser
from django.urls import reverse

from tasks_app import recipes
from tasks_app.cli import address
from tasks_app.crossing import run_sync
from tasks_app.errors import CruxError, NotFound
from tasks_app.rules.statuses import TaskStatus
from tasks_app.services import task_lists

HELP = "list the recipes, which are short programs on Crux's library, or run one"


def add_arguments(parser: CommandParser) -> None:
    """[NAME]."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="the recipe to run; without it they are listed")


def run(options: Mapping[str, Any]) -> int:
    """Print the recipes' names and what they show; or run one with the configured model.

    Returns:
        0; 1 if a task failed or was cancelled.

    Raises:
        NotFound: there is no such recipe.
    """
    if options["name"] is None:
        for name in _names():
            print(f"{name:<18}{(inspect.getdoc(_module(name)) or '').partition(chr(10))[0]}")
        return 0
    if options["name"] not in _names():
        raise NotFound(f"There is no recipe {options['name']!r}. There are: {', '.join(_names())}.")
    try:
        handles = run_sync(_module(options["name"]).main)
    except ExceptionGroup as group:  # of a recipe's task group
        raise next((each for each in group.exceptions if isinstance(each, CruxError)), group) from None
    made = [task_lists.get(handle.id) for handle in handles]
    if made:
        print("\nOn the board, where `manage.py crux up` runs:")
    for seen in made:
        print(f"  {address.last()}{reverse('list', args=[seen.id])}  {seen.title}")
    return int(any(seen.counts[TaskStatus.FAILED] or seen.counts[TaskStatus.CANCELLED] for seen in made))


def _names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(recipes.__path__))


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{recipes.__name__}.{name}")
