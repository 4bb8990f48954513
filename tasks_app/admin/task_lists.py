"""Task lists and plans in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tasks_app.admin.read_only import ReadOnly
from tasks_app.models import Plan, PlanRevision, TaskList


@admin.register(TaskList)
class TaskListAdmin(ReadOnly):
    """Lists with their counters, and the way to their boards."""

    list_display = (
        "title", "board", "status", "agent", "pending", "in_progress", "completed", "failed", "created_by",
        "created_at",
    )  # fmt: skip
    list_filter = ("status", "created_at")
    list_select_related = ("created_by",)
    search_fields = ("=id", "title", "agent")
    heavy = ("metadata",)

    @admin.display(description="board")
    def board(self, row: TaskList) -> SafeString:
        """A link to the list's page."""
        return format_html('<a href="{}">open</a>', reverse("list", args=[row.pk]))


@admin.register(Plan)
class PlanAdmin(ReadOnly):
    """Plans as they stand."""

    list_display = ("title", "version", "created_by", "created_at")
    list_filter = ("created_at",)
    list_select_related = ("created_by",)
    search_fields = ("=id", "title")
    heavy = ("content", "metadata")


@admin.register(PlanRevision)
class PlanRevisionAdmin(ReadOnly):
    """What plans were."""

    list_display = ("plan", "version", "title", "author", "at")
    list_filter = ("at",)
    list_select_related = ("plan",)
    search_fields = ("title", "author", "=plan__id")
    heavy = ("content", "plan__content", "plan__metadata")
