"""The admin shows every table, changes none, and lets staff step in through the services."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasks_app.admin import tasks as task_pages
from tasks_app.models import Attempt, Event, Task, TaskListSnapshot, Token
from tasks_app.rules.actors import Actor
from tasks_app.services import access, claims, plans, task_lists, tasks, transcripts
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, a_list, a_worker, check_books, claim_all, statuses

pytestmark = pytest.mark.django_db

MODELS = sorted(apps.get_app_config("tasks_app").get_models(), key=lambda model: model.__name__)
ids = [model.__name__ for model in MODELS]


@pytest.fixture
def root(client: Client) -> Client:
    """A browser signed in as one who may do everything."""
    client.force_login(User.objects.create_superuser("root"))
    return client


def page(model: type[Model], what: str, *args: Any) -> str:
    return reverse(f"admin:tasks_app_{model._meta.model_name}_{what}", args=args)


def rows_of_every_kind(count: int) -> None:
    """`count` rows or more in each table, each with a text of its own."""
    for n in range(count):
        person = User.objects.create_user(f"user-{User.objects.count()}")
        plan = plans.create(f"Plan {n}", content="text", actor=ALICE)
        made = task_lists.create(f"List {n}", agent="writer", created_by=person, plan_id=plan.id, actor=ALICE)
        tasks.add_many(made.id, [NewTask(id="a", input="x"), NewTask(id="b", depends_on=["a"])], actor=ALICE)
        task_lists.start(made.id, actor=ALICE)
        (claim,) = claim_all(a_worker(pid=n + 1)).values()
        call = transcripts.CallRecord(number=1, model="m")
        transcripts.record(claim.attempt_id, [{"role": "user", "content": "x"}], first_position=1, call=call)
        access.create_token(person, f"token {n}")
        access.create_link(person)


def test_every_table_is_there_and_none_of_the_queues() -> None:
    registered = set(admin.site._registry)
    assert set(MODELS) <= registered
    assert [model for model in registered if model._meta.app_label == "django_q"] == []


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_a_page_of_many_rows_asks_no_more_than_one_of_few(root: Client, model: type[Model]) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert root.get(page(model, "changelist")).status_code == 200
        return len(captured)

    rows_of_every_kind(2)
    few = queries()
    rows_of_every_kind(8)
    assert queries() == few <= 8


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_a_row_is_shown_searched_and_never_changed(root: Client, model: type[Model]) -> None:
    rows_of_every_kind(1)
    row = model._default_manager.first()
    assert row is not None
    change = page(model, "change", row.pk)
    assert root.get(change).status_code == 200
    assert root.get(page(model, "changelist"), {"q": "List 0"}).status_code == 200
    assert root.get(page(model, "add")).status_code == 403
    assert root.post(change, {"status": "completed", "name": "new"}).status_code == 403
    assert root.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    root.post(page(model, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert model._default_manager.filter(pk=row.pk).exists()


def test_no_page_shows_what_opens_a_door(root: Client) -> None:
    rows_of_every_kind(1)
    token = Token.objects.get()
    assert token.digest not in root.get(page(Token, "change", token.pk)).content.decode()


def test_lists_and_tasks_lead_to_their_boards(root: Client) -> None:
    task_list = a_list("notes/a b.md")
    assert f'href="/lists/{task_list.id}/"' in root.get("/admin/tasks_app/tasklist/").content.decode()
    assert f'href="/lists/{task_list.id}/tasks/notes/a%20b.md/"' in root.get("/admin/tasks_app/task/").content.decode()


@pytest.fixture
def worked() -> Iterator[TaskListSnapshot]:
    """One completed, one failed, one that runs and one that waits for it."""
    task_list = a_list("done", "broken", "runs", NewTask(id="waits", depends_on=["runs"]))
    got = claim_all(a_worker())
    claims.complete(got["done"], 1)
    claims.fail(got["broken"], "no", retryable=False)
    yield task_list
    check_books(task_list)


def permission(codename: str) -> Permission:
    return Permission.objects.get(codename=codename, content_type__app_label="tasks_app")


def act(client: Client, action: str, *keys: str) -> str:
    """Do it to the tasks of these ids; what the next page says of it."""
    chosen = list(Task.objects.filter(key__in=keys).values_list("pk", flat=True))
    answer = client.post(page(Task, "changelist"), {"action": action, "_selected_action": chosen}, follow=True)
    return " | ".join(str(message) for message in answer.context["messages"])


def test_retry_runs_what_has_ended_and_says_why_not_the_rest(root: Client, worked: TaskListSnapshot) -> None:
    words = act(root, "retry", "done", "broken", "runs")
    assert words == "2 retried, 1 refused: Task 'runs' is in progress; only one that has ended is retried."
    assert statuses(worked)["broken"] == "pending"
    event = Event.objects.filter(kind="task.retried").latest("seq").snapshot()
    assert Actor(event.actor_kind, event.actor_name) == Actor("person", "root")  # type: ignore[arg-type]


def test_cancel_ends_the_attempt_too_and_skip_frees_what_is_behind(root: Client, worked: TaskListSnapshot) -> None:
    assert act(root, "skip", "runs") == "1 skipped"
    assert Attempt.objects.get(task__key="runs").status == "cancelled"
    assert act(root, "cancel", "waits") == "1 cancelled"
    assert statuses(worked) == {"done": "completed", "broken": "failed", "runs": "skipped", "waits": "cancelled"}


def test_of_many_refusals_some_are_quoted(root: Client, worked: TaskListSnapshot) -> None:
    tasks.add_many(worked.id, [NewTask(id=f"t{n}") for n in range(5)], actor=ALICE)
    words = act(root, "retry", *(f"t{n}" for n in range(5)))
    assert words.startswith("0 retried, 5 refused: Task 't0' is pending;")
    assert words.endswith(" …")
    assert "'t3'" not in words


def test_more_than_can_be_waited_for_are_refused_whole(
    root: Client, worked: TaskListSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_pages, "ACTION_LIMIT", 1)
    assert act(root, "cancel", "runs", "waits") == "At most 1 tasks at once; nothing was done."
    assert statuses(worked)["runs"] == "in_progress"


def test_staff_who_may_only_look_are_offered_no_action(client: Client, worked: TaskListSnapshot) -> None:
    bob = User.objects.create_user("bob", is_staff=True)
    bob.user_permissions.add(permission("view_task"))
    client.force_login(bob)
    assert client.get(page(Task, "changelist")).status_code == 200
    act(client, "cancel", "runs")
    assert statuses(worked)["runs"] == "in_progress"

    bob.user_permissions.add(permission("change_task"))
    assert act(client, "cancel", "runs") == "1 cancelled"


def test_a_stranger_and_an_account_without_staff_are_sent_to_sign_in(client: Client) -> None:
    assert client.get("/admin/tasks_app/task/").status_code == 302
    client.force_login(User.objects.create_user("carol"))
    assert client.get("/admin/tasks_app/task/").status_code == 302
