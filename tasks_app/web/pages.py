"""What every page shows around its own matter, and the index of lists."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.template.loader import get_template
from django.urls import reverse

from tasks_app.llm.address import current_address
from tasks_app.models import TaskListSnapshot
from tasks_app.services import workers
from tasks_app.web import access
from tasks_app.web.snapshots import KINDS, ListRow, Shell

PAGE = 50  # lists a page


def shell() -> Shell:
    """The frame of every page. One query."""
    alive = workers.alive()
    return Shell(
        workers=len(alive),
        running=sum(worker.running for worker in alive),
        slots=sum(worker.slots for worker in alive),
        offline=current_address().offline,
    )


def foot(shell: Shell) -> str:
    """The shell's foot line, which pages that are live keep up to date."""
    return str(get_template("base.html#foot").render({"shell": shell})).strip()


def list_rows(user: User | AnonymousUser, page: int) -> tuple[tuple[ListRow, ...], bool]:
    """A page of the lists this user may see, newest first, from page 0; and whether there are more. One query."""
    rows = access.visible_lists(user)[page * PAGE : (page + 1) * PAGE + 1]
    found = [_row(row.snapshot()) for row in rows]
    return tuple(found[:PAGE]), len(found) > PAGE


def _row(task_list: TaskListSnapshot) -> ListRow:
    kind, word = ("waiting", "Paused") if task_list.pauses and not task_list.finished else KINDS[task_list.status]
    started, ended = task_list.started_at, task_list.finished_at
    return ListRow(
        id=task_list.id,
        url=reverse("list", args=[task_list.id]),
        title=task_list.title,
        kind=kind,
        status_word=word,
        counts=task_list.counts,
        total=task_list.total,
        done=task_list.counts["completed"],
        created_at=task_list.created_at,
        finished=task_list.finished,
        agent=task_list.agent,
        tokens=task_list.tokens,
        cost=task_list.cost,
        seconds=(ended - started).total_seconds() if started and ended else None,
    )
