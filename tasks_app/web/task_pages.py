"""What a task's page shows, read from rows: the task, its attempts with their transcripts, its events."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count, Max
from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone

from tasks_app.errors import TaskNotFound
from tasks_app.models import Attempt, EventSnapshot, Message, ModelCall, Task
from tasks_app.rules.statuses import FINAL, UNFINISHED, AttemptStatus, TaskStatus
from tasks_app.services import events
from tasks_app.web import pages
from tasks_app.web.snapshots import Role
from tasks_app.web.task_snapshots import AttemptRow, EventRow, TaskLink, TaskPage, Turn

EVENTS_SHOWN = 100
ATTEMPTS_SHOWN = 10  # with their transcripts; older ones are in the export
PARTS = ("now", "result", "attempts", "transcript", "facts", "events")
_WORDS = {  # what an event says to a person
    "task.added": "Added",
    "task.changed": "Changed",
    "task.removed": "Removed",
    "task.awaiting_approval": "Waits for approval",
    "task.approved": "Approved",
    "task.rejected": "Rejected",
    "task.started": "Started",
    "task.progress": "",
    "task.completed": "Completed",
    "task.failed": "Failed",
    "task.released": "Handed back",
    "task.abandoned": "Abandoned: its worker died",
    "task.skipped": "Skipped",
    "task.cancelled": "Cancelled",
    "task.retried": "To be run again",
}
_LED_TO = {
    "task.started": "running",
    "task.awaiting_approval": "waiting",
    "task.completed": "done",
    "task.failed": "failed",
    "task.rejected": "failed",
    "task.abandoned": "abandoned",
    "task.skipped": "skipped",
    "task.cancelled": "cancelled",
}


def read(task: Task) -> TaskPage:
    """All that the page shows of a task that was read with its list. Six queries."""
    attempts = list(Attempt.objects.filter(task=task).select_related("worker").order_by("-number")[:ATTEMPTS_SHOWN])
    log = events.of_task(task.task_list.topic, task.key, limit=EVENTS_SHOWN + 1)
    transcripts = _transcripts(attempts)
    last = attempts[0] if attempts else None
    running = task.status == TaskStatus.IN_PROGRESS
    started, ended = task.started_at, task.ended_at
    until = timezone.now() if running else ended
    return TaskPage(
        list_id=task.task_list_id,
        list_title=task.task_list.title,
        list_url=reverse("list", args=[task.task_list_id]),
        key=task.key,
        pk=task.pk,
        url=reverse("task", args=[task.task_list_id, task.key]),
        label=task.label,
        status=str(task.status),
        sentence=_sentence(task, last),
        seq=task.last_seq,
        description=task.description,
        agent=task.agent or task.task_list.agent,
        model=task.model,
        progress=task.progress,
        why=_why(task),
        error=task.error if task.status == TaskStatus.FAILED else "",
        has_result=task.status == TaskStatus.COMPLETED and task.result is not None,
        result=task.result,
        input=task.input,
        depends_on=_depends_on(task) if task.task_list.has_dependencies else (),
        attempts=tuple(_attempt(attempt, *transcripts[attempt.pk]) for attempt in reversed(attempts)),
        events=tuple(_event(event) for event in reversed(log[-EVENTS_SHOWN:])),
        more_events=max(0, len(log) - EVENTS_SHOWN),
        since=started if running else None,
        seconds=(until - started).total_seconds() if started and until else None,
        tokens=task.tokens,
        cost=task.cost,
        can_retry=task.status in FINAL,
        can_cancel=task.status in UNFINISHED,
        cancelling=bool(last and last.status == AttemptStatus.CANCELLED and last.stopped_at is None),
    )


def find(list_id: UUID, **condition: Any) -> Task:
    """A task with its list, by `key` or `pk`. One query.

    Raises:
        TaskNotFound.
    """
    task = Task.objects.present().select_related("task_list").filter(task_list=list_id, **condition).first()
    if task is None:
        raise TaskNotFound(f"The list has no task {next(iter(condition.values()))!r}.")
    return task


class TaskView:
    """A task's page, for one role: a feed looks at it. See `feeds.View`."""

    def __init__(self, list_id: UUID, pk: int, role: Role) -> None:
        self.topic = f"list:{list_id}"
        self.seq = 0
        self._list_id, self._pk, self._role = list_id, pk, role
        self._mark: tuple[Any, ...] = ()
        self._parts: dict[str, str] = {}

    def look(self) -> dict[str, Any] | None:
        """Render the parts again if the task, its attempts or their transcripts have grown; send what differs."""
        task, shell = find(self._list_id, pk=self._pk), pages.shell()
        self.seq = task.task_list.last_seq
        mark = (shell, *self._mark_of(task))
        if mark == self._mark:
            return None
        self._mark = mark
        page = read(task)
        before, self._parts = self._parts, {name: self._part(name, page) for name in PARTS}
        self._parts["foot"] = pages.foot(shell)
        changed = {name: html for name, html in self._parts.items() if before.get(name) != html}
        return {"seq": self.seq, "parts": changed} if changed else None

    def whole(self) -> dict[str, Any]:
        """All parts as last seen."""
        return {"seq": self.seq, "parts": self._parts}

    def unlogged(self) -> dict[str, Any]:
        """All parts: messages have no event of their own, and the rest is little."""
        return self.whole()

    def _mark_of(self, task: Task) -> tuple[Any, ...]:
        """What the page depends on, in two cheap queries: messages have no event of their own."""
        spoken = Message.objects.filter(attempt__task=task).aggregate(count=Count("id"), last=Max("id"))
        return task.last_seq, task.status, task.waiting_for, spoken["count"], spoken["last"]

    def _part(self, name: str, page: TaskPage) -> str:
        return str(get_template(f"boards/task.html#{name}").render({"task": page, "role": self._role})).strip()


def _sentence(task: Task, last: Attempt | None) -> str:
    parts = []
    if last:
        of = f" of {task.max_attempts}" if task.max_attempts > 1 else ""
        parts.append(f"attempt {last.number}{of}")
    if last and last.status == AttemptStatus.RUNNING and last.worker:
        parts.append(f"held by worker {last.worker.name}")
    if task.status == TaskStatus.SKIPPED and task.skip_reason:
        parts.append(task.skip_reason)
    return " · ".join(parts)


def _why(task: Task) -> str:
    """The one reason why a waiting task waits, with its remedy."""
    if task.status == TaskStatus.AWAITING_APPROVAL:
        return "It waits for a person's approval."
    if task.status != TaskStatus.PENDING:
        return ""
    task_list = task.task_list
    if task.waiting_for:
        return f"It waits for {task.waiting_for} other task{'s' if task.waiting_for > 1 else ''} of the list."
    if task.not_before and task.not_before > timezone.now():
        tried = "A try has failed. It is tried again" if task.feedback else "It is not to start before"
        return f"{tried} {'at ' if task.feedback else ''}{timezone.localtime(task.not_before):%H:%M:%S}."
    if task_list.started_at is None:
        return "Its list is not started."
    if task_list.pauses:
        return "Its list is paused; resume it on the board."
    if not (task.agent or task_list.agent):
        return "No agent is named for it."
    limit = task_list.snapshot().concurrency
    if task_list.in_progress >= limit:
        return f"The list runs {limit} at a time, and as many run."
    return "It waits for a free worker."


def _depends_on(task: Task) -> tuple[TaskLink, ...]:
    rows = Task.objects.filter(dependents__task=task).order_by("position").values_list("key", "label", "status")
    return tuple(
        TaskLink(key, label, reverse("task", args=[task.task_list_id, key]), status) for key, label, status in rows
    )


def _transcripts(attempts: Sequence[Attempt]) -> Mapping[UUID, tuple[list[Message], list[ModelCall]]]:
    found: defaultdict[UUID, tuple[list[Message], list[ModelCall]]] = defaultdict(lambda: ([], []))
    ids = [attempt.pk for attempt in attempts]
    for message in Message.objects.filter(attempt__in=ids).order_by("attempt", "position"):
        found[message.attempt_id][0].append(message)
    for call in ModelCall.objects.filter(attempt__in=ids).order_by("attempt", "number"):
        found[call.attempt_id][1].append(call)
    return found


def _attempt(attempt: Attempt, messages: Sequence[Message], calls: Sequence[ModelCall]) -> AttemptRow:
    ended = attempt.ended_at or timezone.now()
    return AttemptRow(
        number=attempt.number,
        status=str(attempt.status),
        worker=attempt.worker_name,
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
        seconds=(ended - attempt.started_at).total_seconds(),
        error=attempt.error,
        model=attempt.model or (calls[-1].model if calls else ""),
        calls=len(calls),
        tokens=attempt.input_tokens + attempt.output_tokens,
        cost=attempt.cost,
        turns=tuple(_turns([message.body for message in messages], calls)),
    )


def _turns(messages: Sequence[dict[str, Any]], calls: Sequence[ModelCall]) -> list[Turn]:
    """The conversation for reading: a tool call and its answer are one turn."""
    answers = {body.get("tool_call_id"): _text(body) for body in messages if body.get("role") == "tool"}
    by_call = iter(call for call in calls if not call.error)
    turns: list[Turn] = []
    for body in messages:
        role = body.get("role")
        if role == "assistant":
            call = next(by_call, None)
            turns.append(
                Turn(
                    "assistant",
                    _text(body),
                    model=call.model if call else "",
                    tokens=call.input_tokens + call.output_tokens if call else 0,
                    seconds=call.seconds if call else None,
                )
            )
            turns += [_tool_turn(asked, answers) for asked in body.get("tool_calls") or () if isinstance(asked, dict)]
        elif role in ("system", "user"):
            turns.append(Turn(role, _text(body)))
    return turns


def _tool_turn(asked: Mapping[str, Any], answers: Mapping[Any, str]) -> Turn:
    function = asked.get("function") if isinstance(asked.get("function"), dict) else {}
    answer = answers.get(asked.get("id"), "")
    refused = answer.replace(" ", "").startswith('{"ok":false')
    name, arguments = str((function or {}).get("name", "")), str((function or {}).get("arguments", ""))
    return Turn("tool", answer, name=name, arguments=arguments, refused=refused)


def _text(body: Mapping[str, Any]) -> str:
    content = body.get("content")
    if content is None or isinstance(content, str):
        return content or ""
    return json.dumps(content, ensure_ascii=False)


def _event(event: EventSnapshot) -> EventRow:
    words = _WORDS.get(event.kind, event.kind)
    said = event.data.get("message") or event.data.get("reason") or event.data.get("note") or ""
    if event.kind == "task.failed" and "retry_at" in event.data:
        words = "Failed; it is tried again"
    if event.kind == "task.changed" and event.data.get("stopped"):
        words = "Its worker has let go"
    if "attempt" in event.data and event.kind in ("task.started", "task.completed", "task.abandoned"):
        words += f" (attempt {event.data['attempt']})"
    what = f"{words}: {said}" if words and said else str(said or words)
    who = event.actor_name if event.actor_kind != "engine" else "Crux"
    return EventRow(event.seq, event.kind, what, who, event.at, _LED_TO.get(event.kind, ""))
