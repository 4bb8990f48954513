"""A task: its page and its verbs."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from tasks_app.services import interventions
from tasks_app.web import access, pages, task_pages
from tasks_app.web.answers import done


@require_GET
def page(request: HttpRequest, list_id: UUID, key: str) -> HttpResponse:
    """All there is to know of one task."""
    access.check_list(request.user, list_id)
    row = task_pages.find(list_id, key=key)
    context = {
        "task": task_pages.read(row),
        "seq": row.task_list.last_seq,
        "role": access.role(request.user),
        "shell": pages.shell(),
    }
    return render(request, "boards/task.html", context)


@require_POST
def retry(request: HttpRequest, list_id: UUID, pk: int) -> HttpResponseBase:
    """Run it again."""
    access.check_list(request.user, list_id)
    interventions.retry(list_id, task_pages.find(list_id, pk=pk).key, actor=access.actor(request.user))
    return done(request)


@require_POST
def cancel(request: HttpRequest, list_id: UUID, pk: int) -> HttpResponseBase:
    """Stop it."""
    access.check_list(request.user, list_id)
    interventions.cancel(list_id, task_pages.find(list_id, pk=pk).key, actor=access.actor(request.user))
    return done(request)
