"""Columns that several tables share."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from uuid import UUID

from django.db import models
from uuid6 import uuid7


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): unique anywhere, and later ones sort after earlier ones."""
    return UUID(int=uuid7().int)


def choices(statuses: Iterable[StrEnum]) -> list[tuple[str, str]]:
    """Choices of a status column: its values, each with its words."""
    return [(status.value, status.value.replace("_", " ")) for status in statuses]


class Owner(models.Model):
    """One that events belong to: its row numbers them.

    `last_seq` is the `seq` of its newest event, bumped under this row's lock in the transaction that appends it;
    `first_seq` is the oldest that is still kept.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    last_seq = models.BigIntegerField(default=0)
    first_seq = models.BigIntegerField(default=1)
    created_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    topic_prefix: str

    class Meta:
        abstract = True

    @property
    def topic(self) -> str:
        """The topic of its events: `list:<id>`, `plan:<id>`."""
        return f"{self.topic_prefix}:{self.pk}"
