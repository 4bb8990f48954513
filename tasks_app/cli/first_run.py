"""What a newcomer finds: an account, and a first batch of real work that is on every machine.

The batch summarises the documentation of modules of the running Python's standard library. Their docstrings are read
with `ast` from the source files; nothing is imported.
"""

from __future__ import annotations

import ast
import platform
import sys
import sysconfig
from pathlib import Path

from tasks_app.agents import registry
from tasks_app.cli import accounts, address
from tasks_app.models import TaskList
from tasks_app.rules.actors import Actor
from tasks_app.services import access, batches
from tasks_app.services.tasks import NewTask

AGENT = "summarizer"
ACTOR = Actor("program", "crux up")
MODULES = 60
CONCURRENCY = 4  # few enough that a person can watch cards move
MIN_CHARS = 1_000  # of documentation; below there is nothing to summarise
MAX_CHARS = 60_000  # a model's context is not for the longest
# About a kind of program nobody here writes, or gone in the next Python.
LEFT_OUT = frozenset({"aifc", "antigravity", "cgi", "cgitb", "idlelib", "imp", "sunau", "telnetlib", "this", "turtle"})


def prepare(base: str) -> str:
    """On a database without lists make the operator's account and the first batch. A link that signs in, once.

    Where there are lists, nothing is made; the link is empty if the operator's account was never made, or is closed.
    """
    if not TaskList.objects.exists():
        operator = accounts.operator()
        if documents := documented_modules(Path(sysconfig.get_path("stdlib"))):
            batches.start(
                f"The standard library of Python {platform.python_version()}, summarised",
                documents,
                agent=AGENT,
                known_agents=registry.names(),
                concurrency=CONCURRENCY,
                created_by=operator,
                actor=ACTOR,
            )
    user = accounts.usual()
    return address.sign_in(base, access.create_link(user)) if user and user.username == accounts.OPERATOR else ""


def documented_modules(library: Path) -> list[NewTask]:
    """The best documented public modules under `library`, by name, each a task with its documentation as input."""
    found = []
    for name in sorted(sys.stdlib_module_names):
        if not name.startswith("_") and name not in LEFT_OUT:
            text = _documentation(library, name)
            if MIN_CHARS <= len(text) <= MAX_CHARS:
                found.append((len(text), name, text))
    best = sorted(found, reverse=True)[:MODULES]
    chosen = sorted((name, text) for _, name, text in best)
    return [NewTask(id=name, label=f"{name} — {_first_line(text)}", input=text) for name, text in chosen]


def _first_line(text: str) -> str:
    """What a module says of itself first, below its name."""
    return text.split("\n\n")[1].partition("\n")[0].rstrip(".")


def _documentation(library: Path, name: str) -> str:
    """A module's docstring and those of its public functions and classes, as Markdown; empty if it has none."""
    paths = (library / f"{name}.py", library / name / "__init__.py")
    source = next((path for path in paths if path.is_file()), None)
    try:
        tree = ast.parse(source.read_bytes()) if source else None
    except (OSError, SyntaxError, ValueError):  # unreadable is undocumented
        return ""
    about = ast.get_docstring(tree) if tree else None
    if tree is None or about is None:
        return ""
    parts = [f"# {name}", about]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            text = ast.get_docstring(node)
            if text and not node.name.startswith("_"):
                parts += [f"## {node.name}", text]
    return "\n\n".join(parts)
