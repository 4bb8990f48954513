"""Batches: files or pasted lines become tasks, and a started list of them, all or nothing.

What a file becomes:

* `.jsonl` (one JSON object a line) and `.csv` (comma-separated, with a header): a task a row.
* anything else that is UTF-8 text: one task, whose input is the text.

A row's id is its `id`, else `file:line`; its label is its `label`, else the id; its input is its `input`, else the
whole row. A row that has an `input` has room beside it, so there `agent`, `priority` (a whole number) and `depends_on`
(ids of this batch; in CSV with `;` between them) are the task's own; without one they are part of the input.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from tasks_app.conf import conf
from tasks_app.errors import BatchRefused, UnknownAgent, ValueRefused
from tasks_app.models import TaskListSnapshot
from tasks_app.rules.actors import Actor
from tasks_app.rules.batch_files import check_size, refusal, rows_of, text_of
from tasks_app.rules.values import MAX_ID_CHARS, as_json, is_id
from tasks_app.services import task_lists, tasks
from tasks_app.services.tasks import NewTask

PASTED = "pasted text"


def read(name: str, data: bytes) -> list[NewTask]:
    """The tasks of one file; nothing is written. `name` is the path as given: its ending says how it is read.

    Raises:
        BatchRefused: the file is empty, binary, not UTF-8, too large, or a row of it is wrong. Names file and line.
    """
    text = text_of(name, data)
    rows = rows_of(name, text)
    if rows is None:
        return [_whole(name, text)]
    found: list[NewTask] = []
    lines: dict[str, int] = {}
    for line, row in rows:
        task = _task(name, line, row)
        if (earlier := lines.setdefault(task.id, line)) != line:
            raise refusal(name, f"the id {task.id!r} is that of line {earlier} too; ids are unique", line)
        if len(found) == conf.max_batch_tasks:
            limit = f"a batch has at most {conf.max_batch_tasks:,} tasks (CRUX_MAX_BATCH_TASKS)"
            raise refusal(name, f"{limit}, and this is one more", line)
        found.append(task)
    if not found:
        raise refusal(name, "there is a header and no row", 1)  # an empty file was refused before
    return found


def read_all(files: Iterable[tuple[str, bytes]]) -> list[NewTask]:
    """The tasks of several files, each `(name, data)`, in order; `read` says the rest."""
    found: list[NewTask] = []
    size = 0
    for name, data in files:
        size += len(data)
        check_size(name, size, with_others=size > len(data))
        found += read(name, data)
    return found


def lines(text: str) -> list[NewTask]:
    """A task for each line that is not blank: the line is its label and input, `line-7` its id. Nothing is written.

    Raises:
        BatchRefused: a line is too long or no text.
    """
    if not text.strip():
        return []
    found = []
    text = text_of(PASTED, text.encode(errors="replace"))
    for number, line in enumerate(text.split("\n"), start=1):
        if line := line.strip():
            found.append(NewTask(id=f"line-{number}", label=line, input=_input(PASTED, line, number)))
    return found


def start(
    title: str,
    new: Sequence[NewTask],
    *,
    agent: str,
    known_agents: Collection[str],
    concurrency: int | None = None,
    created_by: User | None = None,
    actor: Actor,
) -> TaskListSnapshot:
    """Make a list of these tasks and start it, in one transaction: all or nothing.

    Raises:
        BatchRefused: there is no task.
        UnknownAgent: the batch's agent, or a task's own, is none of `known_agents`; they are named.
        DuplicateTaskId, DependencyRefused, ValueRefused.
    """
    if not new:
        raise BatchRefused("There is nothing to do: the batch has no task.")
    for name in dict.fromkeys([agent, *(task.agent or agent for task in new)]):
        if name not in known_agents:
            known = ", ".join(sorted(known_agents)) or "none; a crux_agents.py of an installed app registers some"
            raise UnknownAgent(f"There is no agent {name!r}. Known agents: {known}.")
    with transaction.atomic():
        made = make(title, new, agent=agent, concurrency=concurrency, created_by=created_by, actor=actor)
        return task_lists.start(made.id, actor=actor)


def make(
    title: str,
    new: Sequence[NewTask],
    *,
    actor: Actor,
    agent: str = "",
    concurrency: int | None = None,
    plan_id: UUID | None = None,
    metadata: Mapping[str, Any] | None = None,
    created_by: User | None = None,
) -> TaskListSnapshot:
    """Make a list of these tasks, not started, in one transaction: all or nothing. There may be no task.

    Raises:
        PlanNotFound, DuplicateTaskId, DependencyRefused, ValueRefused.
    """
    with transaction.atomic():
        made = task_lists.create(
            title,
            agent=agent,
            concurrency=concurrency,
            plan_id=plan_id,
            metadata=metadata,
            created_by=created_by,
            actor=actor,
        )
        if not new:
            return made
        tasks.add_many(made.id, new, actor=actor)
        return task_lists.get(made.id)


def _whole(name: str, text: str) -> NewTask:
    if not is_id(name):
        raise refusal(name, f"its path is the task's id, which has at most {MAX_ID_CHARS} characters; go nearer to it")
    return NewTask(id=name, label=name, input=_input(name, text, None))


def _task(name: str, line: int, row: Mapping[str, Any]) -> NewTask:
    task_id = _word(name, line, row, "id") or f"{name}:{line}"
    if not is_id(task_id):
        raise refusal(name, f"an id has 1 to {MAX_ID_CHARS} characters, not these: {task_id[:220]!r}", line)
    label = _word(name, line, row, "label") or task_id
    if "input" not in row:
        return NewTask(id=task_id, label=label, input=_input(name, dict(row), line))
    return NewTask(
        id=task_id,
        label=label,
        input=_input(name, row["input"], line),
        agent=_word(name, line, row, "agent"),
        priority=_priority(name, line, row.get("priority")),
        depends_on=_depends_on(name, line, row.get("depends_on")),
    )


def _word(name: str, line: int, row: Mapping[str, Any], key: str) -> str:
    """A row's value as text without blanks at its ends; a number counts as its digits, null as nothing."""
    value = row.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise refusal(name, f"the {key} is no text", line)
    return str(value).strip()


def _priority(name: str, line: int, value: Any) -> int:
    if value is None or value == "":
        return 0
    if isinstance(value, int | str) and not isinstance(value, bool):
        try:
            return int(value)
        except ValueError:
            pass
    raise refusal(name, f"the priority is a whole number, not {str(value)[:40]!r}", line)


def _depends_on(name: str, line: int, value: Any) -> tuple[str, ...]:
    ids = value or []
    if isinstance(value, str):
        ids = [one for part in value.split(";") if (one := part.strip())]
    if not isinstance(ids, list) or not all(isinstance(one, str) and is_id(one) for one in ids):
        raise refusal(name, "depends_on is a list of ids", line)
    return tuple(ids)


def _input(name: str, value: Any, line: int | None) -> Any:
    try:
        return as_json(value, what="the input", max_bytes=conf.max_value_bytes)
    except ValueRefused as error:
        if line is None and isinstance(value, str):
            line = _first_line_over(value, conf.max_value_bytes)
        raise refusal(name, str(error).removesuffix("."), line) from None


def _first_line_over(text: str, max_bytes: int) -> int | None:
    """The first line that is too much by itself; None where all of them together are."""
    return next((at for at, line in enumerate(text.split("\n"), start=1) if len(line.encode()) > max_bytes), None)
