"""What is on record in the admin: events, model calls, messages, worker processes."""

from __future__ import annotations

from django.contrib import admin

from tasks_app.admin.read_only import ReadOnly
from tasks_app.models import Event, Message, ModelCall, Worker

_LARGE = tuple(
    f"attempt__{column}"
    for column in ("result", "error", "task__input", "task__result", "task__metadata", "task__error", "task__feedback")
)


@admin.register(Event)
class EventAdmin(ReadOnly):
    """The log, by topic and number."""

    list_display = ("topic", "seq", "kind", "task", "actor_kind", "actor_name", "at")
    list_filter = ("kind", "actor_kind", "at")
    search_fields = ("=topic", "=task", "actor_name")
    heavy = ("data",)


@admin.register(ModelCall)
class ModelCallAdmin(ReadOnly):
    """What each call of a model cost."""

    list_display = (
        "attempt", "task", "number", "model", "input_tokens", "output_tokens", "cost", "seconds", "finish_reason",
        "ended_at",
    )  # fmt: skip
    list_filter = ("finish_reason", "ended_at")
    list_select_related = ("attempt__task",)
    search_fields = ("=attempt__id", "=attempt__task__key", "model")
    heavy = ("error", *_LARGE)

    @admin.display(ordering="attempt__task__label")
    def task(self, row: ModelCall) -> str:
        """Whose it is."""
        return row.attempt.task.label


@admin.register(Message)
class MessageAdmin(ReadOnly):
    """What was said, a row a message."""

    list_display = ("attempt", "task", "position", "role", "at")
    list_filter = ("role", "at")
    list_select_related = ("attempt__task",)
    search_fields = ("=attempt__id", "=attempt__task__key")
    heavy = ("body", *_LARGE)

    @admin.display(ordering="attempt__task__label")
    def task(self, row: Message) -> str:
        """Whose it is."""
        return row.attempt.task.label


@admin.register(Worker)
class WorkerAdmin(ReadOnly):
    """Worker processes, dead and alive."""

    list_display = ("name", "cluster", "slots", "running", "started_at", "beat_at", "stopped_at")
    list_filter = ("stopped_at", "host")
    search_fields = ("host", "=pid", "cluster")
