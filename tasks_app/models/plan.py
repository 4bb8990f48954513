"""Plans: what was decided, each version kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

from tasks_app.models.columns import Owner


@dataclass(frozen=True, slots=True)
class PlanSnapshot:
    """A plan as it stood when read."""

    id: UUID
    title: str
    content: str
    version: int
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RevisionSnapshot:
    """One version of a plan. `diff` is what it changed in the content, as a unified diff; empty for the first."""

    version: int
    title: str
    content: str
    author: str
    at: datetime
    diff: str


class Plan(Owner):
    """A plan in Markdown; its text as it stands now. Older versions are its revisions."""

    topic_prefix = "plan"

    title = models.CharField(max_length=200)
    content = models.TextField(blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    metadata = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.title

    def snapshot(self) -> PlanSnapshot:
        """This row, frozen."""
        return PlanSnapshot(
            self.pk, self.title, self.content, self.version, self.metadata, self.created_at, self.updated_at
        )


class PlanRevision(models.Model):
    """One version of a plan's text, as it was written."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="revisions")
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    content = models.TextField(blank=True)
    author = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("version",)
        constraints = [models.UniqueConstraint(fields=["plan", "version"], name="one_revision_a_version")]

    def __str__(self) -> str:
        return f"{self.title} v{self.version}"

    def snapshot(self, diff: str) -> RevisionSnapshot:
        """This row, frozen."""
        return RevisionSnapshot(self.version, self.title, self.content, self.author, self.at, diff)
