"""The doors: signing in and out, one-time links, and whether the house is in order."""

from __future__ import annotations

from django.contrib.auth import login, views
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from tasks_app.errors import NotFound
from tasks_app.services import access, task_lists, workers

sign_in = views.LoginView.as_view(template_name="registration/sign_in.html", redirect_authenticated_user=True)
sign_out = views.LogoutView.as_view()


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, secret: str) -> HttpResponseBase:
    """A one-time link: looking at it shows a button, as mail scanners look at links; only the button uses it up."""
    if request.method != "POST":
        user = access.user_of_link(secret)
        return render(request, "access/link.html", {"good": user is not None}, status=200 if user else 410)
    try:
        user = access.use_link(secret)
    except NotFound:
        return render(request, "access/link.html", {"good": False}, status=410)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("lists")


@login_not_required
@never_cache
@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """200 if the database answers and runnable work has a live worker, else 503 with the reason."""
    try:
        alive, waiting = len(workers.alive()), task_lists.any_runnable()
    except DatabaseError as error:
        return _ill(f"The database does not answer: {type(error).__name__}.")
    if waiting and not alive:
        return _ill("Tasks wait and no worker is alive; start one with `manage.py crux up --no-web`.")
    return JsonResponse({"ok": True, "workers": alive})


def _ill(reason: str) -> HttpResponse:
    response = JsonResponse({"ok": False, "reason": reason}, status=503)
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django's mark: it is asked for every few seconds
    return response
