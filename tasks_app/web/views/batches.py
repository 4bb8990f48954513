"""New batch: lines or files in, a started list out."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tasks_app.agents import registry
from tasks_app.conf import conf
from tasks_app.errors import CruxError, UnknownAgent
from tasks_app.services import batches
from tasks_app.services.tasks import NewTask
from tasks_app.web import access, pages
from tasks_app.web.forms import AgentChoice, NewBatch, Problem


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    """The form, and the batch it starts."""
    problems: list[Problem] = []
    if request.method == "POST":
        made = _start(request, problems)
        if made is not None:
            return made
    form = _form(request, tuple(problems))
    context = {"form": form, "role": access.role(request.user), "shell": pages.shell()}
    return render(request, "batches/new.html", context, status=422 if problems else 200)


def _start(request: HttpRequest, problems: list[Problem]) -> HttpResponse | None:
    """Start what the form asks for; None, and the problems, if it cannot be."""
    tasks = _tasks(request, problems)
    concurrency = _concurrency(request, problems)
    agent = request.POST.get("agent", "")
    if not agent:
        problems.append(Problem("agent", "Pick the agent that works on each task."))
    if not tasks and not problems:
        problems.append(Problem("lines", "Paste some lines or add files: each becomes a task."))
    if problems:
        return None
    title = request.POST.get("title", "").strip() or _title(tasks)
    try:
        made = batches.start(
            title,
            tasks,
            agent=agent,
            known_agents=registry.names(),
            concurrency=concurrency,
            created_by=request.user if request.user.is_authenticated else None,
            actor=access.actor(request.user),
        )
    except UnknownAgent as error:
        problems.append(Problem("agent", str(error)))
    except CruxError as error:
        problems.append(Problem("", str(error)))
    else:
        return redirect("list", made.id)
    return None


def _tasks(request: HttpRequest, problems: list[Problem]) -> list[NewTask]:
    try:
        tasks = batches.lines(request.POST.get("lines", ""))
    except CruxError as error:
        problems.append(Problem("lines", str(error)))
        return []
    files = request.FILES.getlist("files")
    if sum(file.size or 0 for file in files) > conf.max_batch_bytes:
        mebibytes = conf.max_batch_bytes // 2**20
        problems.append(Problem("files", f"The files are more than {mebibytes} MiB together (CRUX_MAX_BATCH_BYTES)."))
        return tasks
    for file in files:
        try:
            tasks += batches.read(file.name or "file", file.read())
        except CruxError as error:
            problems.append(Problem("files", str(error)))
    return tasks


def _concurrency(request: HttpRequest, problems: list[Problem]) -> int | None:
    text = request.POST.get("concurrency", "").strip()
    if not text:
        return None
    if not text.isdecimal() or not 1 <= int(text[:9]) <= 100_000:
        problems.append(Problem("concurrency", "Concurrency is a number from 1 to 100,000."))
        return None
    return int(text)


def _title(tasks: list[NewTask]) -> str:
    """The first document's name, and how many more there are."""
    first = tasks[0].label or tasks[0].id
    return f"{first[:120]} and {len(tasks) - 1:,} more" if len(tasks) > 1 else first[:120]


def _form(request: HttpRequest, problems: tuple[Problem, ...]) -> NewBatch:
    names = sorted(registry.names())
    return NewBatch(
        agents=tuple(AgentChoice(name, registry.about(name)) for name in names),
        title=request.POST.get("title", ""),
        lines=request.POST.get("lines", ""),
        agent=request.POST.get("agent", "") or (names[0] if len(names) == 1 else ""),
        concurrency=request.POST.get("concurrency", ""),
        default_concurrency=conf.list_concurrency,
        max_mebibytes=conf.max_batch_bytes // 2**20,
        problems=problems,
    )
