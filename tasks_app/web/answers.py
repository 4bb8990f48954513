"""How refusals reach a person: one middleware, so that no view catches them."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from tasks_app.errors import CruxError, NotFound


class RefusalMiddleware:
    """What is not there is 404; what may not happen is 409 in plain words for HTMX, a message on the page else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Answer an error of ours; leave others to Django."""
        if isinstance(error, NotFound):
            raise Http404(str(error)) from error
        if not isinstance(error, CruxError):
            return None
        if request.headers.get("HX-Request"):
            return HttpResponse(str(error), status=409, content_type="text/plain; charset=utf-8")
        messages.error(request, str(error))
        return redirect(_back(request))


def done(request: HttpRequest) -> HttpResponseBase:
    """The answer to a verb that went well: nothing for HTMX, as the event brings the change; else its page."""
    return HttpResponse(status=204) if request.headers.get("HX-Request") else redirect(_back(request))


def _back(request: HttpRequest) -> str:
    """The page of ours that a form was on."""
    here = request.build_absolute_uri("/")
    came_from = request.headers.get("Referer", "")
    return came_from if came_from.startswith(here) else "/"
