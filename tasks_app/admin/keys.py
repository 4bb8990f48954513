"""Tokens and sign-in links in the admin: whose they are and whether they still open, never what opens."""

from __future__ import annotations

from django.contrib import admin

from tasks_app.admin.read_only import ReadOnly
from tasks_app.models import SignInLink, Token


@admin.register(Token)
class TokenAdmin(ReadOnly):
    """Programs' keys."""

    list_display = ("name", "owner", "created_at", "revoked_at")
    list_filter = ("created_at", "revoked_at")
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username")
    exclude = ("digest",)


@admin.register(SignInLink)
class SignInLinkAdmin(ReadOnly):
    """One-time links."""

    list_display = ("user", "created_at", "expires_at", "used_at")
    list_filter = ("created_at",)
    list_select_related = ("user",)
    search_fields = ("user__username",)
    exclude = ("digest",)
