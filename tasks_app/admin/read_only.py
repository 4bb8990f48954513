"""Pages that show and change nothing: rows are written by services alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

if TYPE_CHECKING:  # generic in the stubs, plain classes in Django
    ModelAdmin = admin.ModelAdmin[Model]
    TabularInline = admin.TabularInline[Model, Model]
else:
    ModelAdmin, TabularInline = admin.ModelAdmin, admin.TabularInline


class ReadOnly(ModelAdmin):
    """Shows rows to those who may view them; nobody adds, changes or deletes here."""

    heavy: tuple[str, ...] = ()
    """Columns that may be large, left out of the list of rows."""
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """The rows; in a list without their large columns."""
        rows = super().get_queryset(request)
        match = request.resolver_match
        return rows.defer(*self.heavy) if match and (match.url_name or "").endswith("_changelist") else rows


class ReadOnlyRows(TabularInline):
    """Rows of another table below a row, each with a link to its page."""

    show_change_link = True
    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No."""
        return False
