"""Plans and task lists out of a text: a plan of its sentences under the template's headings, a task a point."""

from __future__ import annotations

import re
from typing import Any

from tasks_app.llm.conversation import Conversation
from tasks_app.llm.extract import Digest, digest
from tasks_app.llm.prose import read_prose
from tasks_app.llm.schemas import CannotFill, fill_known

__all__ = ["next_creation", "what_was_made"]

MOST_POINTS = 5  # of a plan or a list; a person is to see at a glance what it is
LABEL_CHARACTERS = 60
ID_CHARACTERS = 40

_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.*\S)")
_ENTRY = re.compile(r"\s*(?:([-*+])|\d{1,3}([.)]))\s")
_NO_WORD = re.compile(r"[\W_]+")


CREATED = {"create_plan": "plan", "create_task_list": "task list"}
"""The tools in the order in which they are called, and what each makes."""


def next_creation(talk: Conversation, text: str) -> str | tuple[str, dict[str, Any]] | None:
    """The next creation tool with its arguments; why there is none; or None if all is made.

    Each is called once: a refusal would only be repeated.
    """
    for tool, what in CREATED.items():
        if not talk.offers(tool):
            continue
        answered = talk.result_of(tool)
        if answered is None:
            return _creating(talk, tool, text)
        if not answered.ok:
            return " ".join([*_made(talk), f"The {what} could not be created: {answered.error}"])
    return None


def what_was_made(talk: Conversation) -> str:
    """A sentence a creation."""
    return " ".join(_made(talk))


def _made(talk: Conversation) -> list[str]:
    done = [(what, result) for tool, what in CREATED.items() if (result := talk.result_of(tool)) and result.ok]
    return [f"The {what} {str(result.arguments.get('title', ''))!r} has been created." for what, result in done]


def _creating(talk: Conversation, tool: str, text: str) -> str | tuple[str, dict[str, Any]]:
    read = digest(text)
    points = _points(text, read)
    known: dict[str, Any] = {"title": read.title.rstrip(".")}
    if tool == "create_plan":
        known["content"] = _content(talk.description(tool), points)
    else:
        known["tasks"] = _tasks(_parts(points))
        plan = talk.result_of("create_plan")
        if plan and isinstance(plan.answer.get("id"), str):
            known["plan_id"] = plan.answer["id"]
    try:
        return tool, fill_known({"type": "object", **talk.parameters(tool)}, known, read, text)
    except CannotFill as reason:
        return f"The offline model cannot fill {talk.name_of(tool)}: {reason}."


def _points(text: str, read: Digest) -> list[str]:
    """What is to be done, in a few lines: the text's sentences, or, of a single one, its key terms."""
    sentences = [sentence.rstrip(".") for sentence in read_prose(text).sentences]
    if len(sentences) > MOST_POINTS:
        sentences = [sentence.rstrip(".") for sentence in read.chosen]
    return sentences if len(sentences) > 1 else list(read.terms[:MOST_POINTS]) or sentences or [read.title]


def _parts(points: list[str]) -> list[str]:
    """The points below the first, which says what all is for, if there are several."""
    return points[1:] if len(points) > 2 else points


def _content(description: str, points: list[str]) -> str:
    """Markdown: the template's headings, if the tool's description holds one, with points below them."""
    sections = _sections(description) or [("## Goal", ""), ("## Steps", "-")]
    blocks = []
    for place, (heading, bullet) in enumerate(sections):
        lines = _listed(_parts(points), bullet) if bullet else [points[min(place, len(points) - 1)]]
        blocks.append("\n".join([heading, *lines]))
    return "\n\n".join(blocks)


def _listed(points: list[str], bullet: str) -> list[str]:
    return [f"{number if bullet in '.)' else ''}{bullet} {point}" for number, point in enumerate(points, 1)]


def _sections(description: str) -> list[tuple[str, str]]:
    """Each heading of a template, and the bullet of the list below it: `-`, `*`, `+`, `.`, `)`, or none."""
    sections: list[tuple[str, str]] = []
    for line in description.splitlines():
        if heading := _HEADING.match(line):
            sections.append((f"{heading[1]} {heading[2]}", ""))
        elif sections and (entry := _ENTRY.match(line)):
            sections[-1] = sections[-1][0], entry[1] or entry[2]
    return sections


def _tasks(points: list[str]) -> list[dict[str, str]]:
    """A task a point, under the names that schemas give the fields of one."""
    tasks: dict[str, dict[str, str]] = {}
    for number, point in enumerate(points, 1):
        label = point if len(point) <= LABEL_CHARACTERS else f"{point[:LABEL_CHARACTERS].rsplit(' ', 1)[0]} …"
        words = point if len(point) <= ID_CHARACTERS else point[:ID_CHARACTERS].rsplit(" ", 1)[0]
        id = _NO_WORD.sub("-", words.lower()).strip("-") or f"task-{number}"
        while id in tasks:
            id = f"{id}-{number}"
        tasks[id] = {"id": id, "label": label, "title": label, "goal": point, "description": point}
    return list(tasks.values())
