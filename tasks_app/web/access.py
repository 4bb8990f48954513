"""Who may see and do what: the one place that says so.

Staff see and steer every list; anybody else their own. What one may not see does not exist for one.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import auth
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.db import SessionStore
from django.db.models import QuerySet
from django.http import HttpRequest

from tasks_app.errors import TaskListNotFound
from tasks_app.models import Plan, TaskList
from tasks_app.rules.actors import Actor
from tasks_app.services import access
from tasks_app.web.snapshots import Role


def visible_lists(user: User | AnonymousUser) -> QuerySet[TaskList]:
    """The lists this user may see."""
    if not user.is_authenticated or not user.is_active:
        return TaskList.objects.none()
    return TaskList.objects.all() if user.is_staff else TaskList.objects.filter(created_by=user)


def check_list(user: User | AnonymousUser, list_id: UUID) -> None:
    """Pass if this user may see the list. No query for staff, whose lists are all; one for others.

    Raises:
        TaskListNotFound: there is none, or none for this user.
    """
    if user.is_authenticated and user.is_active and user.is_staff:
        return
    if not visible_lists(user).filter(pk=list_id).exists():
        raise TaskListNotFound(f"There is no task list {list_id}.")


def may_watch(user: User | AnonymousUser, topic: str) -> bool:
    """Whether this user may read a topic's events; no for a topic that does not exist. One query."""
    kind, _, key = topic.partition(":")
    try:
        owner = UUID(key)
    except ValueError:
        return False
    if kind == "list":
        return visible_lists(user).filter(pk=owner).exists()
    plans = Plan.objects.filter(pk=owner)
    if kind != "plan" or not user.is_authenticated or not user.is_active:
        return False
    return (plans if user.is_staff else plans.filter(created_by=user)).exists()


def role(user: User | AnonymousUser) -> Role:
    """What this user is on a page that it may see: one who may act, as those who see a list may."""
    return "operator" if user.is_authenticated and user.is_active else "viewer"


def actor(user: User | AnonymousUser) -> Actor:
    """This user as the events name it."""
    return Actor("person", user.get_username())


def user_of_session(key: str | None) -> User | AnonymousUser:
    """Whom a session cookie signs in now; anonymous if it was signed out since. Two queries."""
    request = HttpRequest()
    request.session = SessionStore(key)
    return auth.get_user(request)


def user_of_scope(scope: dict[str, Any]) -> User | AnonymousUser:
    """Whom a socket's handshake signs in: by its bearer token alone if it has one, else by its cookie."""
    token = bearer_token(scope)
    if token is not None:
        return access.owner_of_token(token) or AnonymousUser()
    return user_of_session(scope.get("cookies", {}).get("sessionid"))


def bearer_token(scope: dict[str, Any]) -> str | None:
    """The token of an `Authorization: Bearer` header; None if there is no such header."""
    for name, value in scope["headers"]:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return str(value[7:].decode("latin-1").strip())
    return None
