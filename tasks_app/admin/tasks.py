"""Tasks and their attempts in the admin; retry, cancel and skip are services' verbs, offered as actions."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tasks_app.admin.read_only import ReadOnly, ReadOnlyRows
from tasks_app.errors import CruxError
from tasks_app.models import Attempt, Dependency, Task, TaskSnapshot
from tasks_app.rules.actors import Actor
from tasks_app.services import interventions

ACTION_LIMIT = 1_000  # tasks at once: each is a transaction of its own, and somebody waits for the page
REASONS_SHOWN = 3


class AttemptsOfTask(ReadOnlyRows):
    """A task's attempts below it."""

    model = Attempt
    fields = ("number", "status", "worker_name", "started_at", "ended_at", "error")
    ordering = ("number",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Without the results, which are on the attempts' own pages."""
        return super().get_queryset(request).defer("result")


@admin.register(Task)
class TaskAdmin(ReadOnly):
    """Tasks; staff that may change tasks retry, cancel and skip them."""

    list_display = (
        "label", "page", "key", "task_list", "status", "agent", "attempt_count", "progress", "moved_at",
    )  # fmt: skip
    list_filter = ("status", "moved_at")
    list_select_related = ("task_list",)
    search_fields = ("=key", "label", "agent", "=task_list__id")
    heavy = ("input", "result", "metadata", "description", "error", "feedback", "task_list__metadata")
    inlines = (AttemptsOfTask,)
    actions = ("retry", "cancel", "skip")

    @admin.display(description="page")
    def page(self, row: Task) -> SafeString:
        """A link to the task's page beside its board."""
        return format_html('<a href="{}">open</a>', reverse("task", args=[row.task_list_id, row.key]))

    def has_intervene_permission(self, request: HttpRequest) -> bool:
        """Those who might change tasks, if they were changed here."""
        return request.user.has_perm("tasks_app.change_task")

    @admin.action(description="Retry selected tasks", permissions=["intervene"])
    def retry(self, request: HttpRequest, chosen: QuerySet[Task]) -> None:
        """Run them again."""
        self._each(request, chosen, interventions.retry, "retried")

    @admin.action(description="Cancel selected tasks", permissions=["intervene"])
    def cancel(self, request: HttpRequest, chosen: QuerySet[Task]) -> None:
        """End them; what runs is told to stop."""
        self._each(request, chosen, interventions.cancel, "cancelled")

    @admin.action(description="Skip selected tasks", permissions=["intervene"])
    def skip(self, request: HttpRequest, chosen: QuerySet[Task]) -> None:
        """Pass over them; those behind them may run."""
        self._each(request, chosen, interventions.skip, "skipped")

    def _each(self, request: HttpRequest, chosen: QuerySet[Task], verb: Callable[..., TaskSnapshot], done: str) -> None:
        """Do it to each, list by list in their order, and say how many were done and why the others were not."""
        found = chosen.order_by("task_list_id", "position").values_list("task_list_id", "key")
        keys = list(found[: ACTION_LIMIT + 1])
        if len(keys) > ACTION_LIMIT:
            self.message_user(request, f"At most {ACTION_LIMIT:,} tasks at once; nothing was done.", messages.ERROR)
            return
        actor = Actor("person", request.user.get_username())
        refusals: list[str] = []
        for list_id, key in keys:
            try:
                verb(list_id, key, actor=actor)
            except CruxError as refusal:
                refusals.append(str(refusal))
        self._report(request, len(keys) - len(refusals), done, refusals)

    def _report(self, request: HttpRequest, count: int, done: str, refusals: list[str]) -> None:
        words = f"{count:,} {done}"
        if refusals:
            more = " …" if len(refusals) > REASONS_SHOWN else ""
            words += f", {len(refusals):,} refused: {' '.join(refusals[:REASONS_SHOWN])}{more}"
        self.message_user(request, words, messages.WARNING if refusals else messages.SUCCESS)


@admin.register(Dependency)
class DependencyAdmin(ReadOnly):
    """Which task waits for which."""

    list_display = ("task", "on")
    list_select_related = ("task", "on")
    search_fields = ("=task__key", "=on__key", "=task__task_list__id")


@admin.register(Attempt)
class AttemptAdmin(ReadOnly):
    """Each try at a task."""

    list_display = (
        "task", "number", "status", "worker_name", "agent", "model", "input_tokens", "output_tokens", "cost",
        "started_at", "ended_at", "stopped_at",
    )  # fmt: skip
    list_filter = ("status", "started_at")
    list_select_related = ("task",)
    search_fields = ("=id", "=task__key", "worker_name")
    heavy = ("result", "error", *(f"task__{column}" for column in ("input", "result", "metadata", "error", "feedback")))
