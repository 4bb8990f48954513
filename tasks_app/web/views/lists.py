"""Lists: the index, a board, a column of it, its verbs and its download."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_POST

from tasks_app.services import exports, task_lists
from tasks_app.web import access, boards, pages
from tasks_app.web.answers import done

_MEDIA_TYPES = {"jsonl": "application/x-ndjson; charset=utf-8", "csv": "text/csv; charset=utf-8"}


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The lists this user may see, newest first."""
    asked = request.GET.get("page", "")
    page = int(asked) if asked.isdecimal() and len(asked) < 7 else 0
    rows, more = pages.list_rows(request.user, page)
    return _page(request, "boards/index.html", rows=rows, first=page == 0, next_url=f"?page={page + 1}" if more else "")


@require_GET
def board(request: HttpRequest, list_id: UUID) -> HttpResponse:
    """A list's board."""
    access.check_list(request.user, list_id)
    shell = pages.shell()
    shown = boards.board(list_id, alive=shell.workers > 0, show=request.GET.get("show", ""))
    return _page(request, "boards/board.html", shell=shell, board=shown)


@require_GET
def column(request: HttpRequest, list_id: UUID, name: str) -> HttpResponse:
    """A column's own page, for what its window on the board does not show."""
    access.check_list(request.user, list_id)
    if name not in boards.COLUMNS:
        raise Http404(f"A board has no column {name!r}.")
    after = request.GET.get("after", "")
    shell = pages.shell()
    head = boards.head(list_id, alive=shell.workers > 0)
    page = boards.column(list_id, name, after)
    return _page(request, "boards/column.html", shell=shell, head=head, column=page, first=not after)


@require_POST
def pause(request: HttpRequest, list_id: UUID) -> HttpResponseBase:
    """Claim nothing more."""
    access.check_list(request.user, list_id)
    task_lists.pause(list_id, actor=access.actor(request.user))
    return done(request)


@require_POST
def resume(request: HttpRequest, list_id: UUID) -> HttpResponseBase:
    """Go on: lift every pause a person can lift."""
    access.check_list(request.user, list_id)
    for reason in task_lists.get(list_id).pauses:
        task_lists.resume(list_id, actor=access.actor(request.user), reason=reason)
    return done(request)


@require_GET
def export(request: HttpRequest, list_id: UUID, form: str) -> StreamingHttpResponse:
    """The results, streamed."""
    access.check_list(request.user, list_id)
    lines = {"jsonl": exports.jsonl, "csv": exports.csv}[form](list_id)
    response = StreamingHttpResponse(lines, content_type=_MEDIA_TYPES[form])
    name = slugify(task_lists.get(list_id).title) or "list"
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    shell = context.pop("shell", None) or pages.shell()
    return render(request, template, {"shell": shell, "role": access.role(request.user), **context})
