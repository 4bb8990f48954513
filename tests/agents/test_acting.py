"""Who is named on events, and whom what is made belongs to."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.utils.functional import SimpleLazyObject

from tasks_app.agents import acting
from tasks_app.agents.plans import create_plan
from tasks_app.agents.scope import entered
from tasks_app.agents.tasklist import tasklist
from tasks_app.crossing import in_db, run_sync
from tasks_app.models import Plan, TaskList
from tasks_app.rules.actors import Actor
from tasks_app.services import plans
from tasks_app.services.tasks import NewTask
from tests.agents.attempts import a_claim, no_models
from tests.builders import a_list, claim_one

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("/srv/site/manage.py", "manage.py"),
        ("/lib/site-packages/pytest/__main__.py", "pytest"),
        ("-c", "python"),
        ("", "python"),
        ("/srv/odd\udce9", "odd\ufffd"),
    ],
)
def test_outside_an_attempt_the_program_acts(monkeypatch: pytest.MonkeyPatch, called: str, name: str) -> None:
    monkeypatch.setattr(sys, "argv", [called, "shell"])

    assert acting.actor() == Actor("program", name)


async def test_in_an_attempt_its_agent_acts() -> None:
    with entered(await a_claim("writer"), no_models()):
        assert acting.actor() == Actor("agent", "writer")
        plan = await create_plan(title="Book")

    assert [each.author for each in await in_db(plans.revisions, plan.id)] == ["writer"]


async def made_by(given: Any) -> list[User | None]:
    """Whom a plan and a list belong to that are made for `given`."""
    plan, made = await create_plan(title="Book", created_by=given), await tasklist(created_by=given)
    return await in_db(
        lambda: [
            Plan.objects.select_related("created_by").get(pk=plan.id).created_by,
            TaskList.objects.select_related("created_by").get(pk=made.id).created_by,
        ]
    )


def alice() -> User:
    return User.objects.create_user("alice")


def test_what_is_made_for_a_user_is_theirs_also_where_nobody_has_looked_who_it_is() -> None:
    user = alice()

    assert run_sync(made_by, user) == [user, user]
    assert run_sync(made_by, SimpleLazyObject(lambda: User.objects.get(pk=user.pk))) == [user, user]


@pytest.mark.parametrize("nobody", [None, AnonymousUser()])
def test_what_is_made_for_nobody_is_nobodys(nobody: Any) -> None:
    assert run_sync(made_by, nobody) == [None, None]


async def test_what_an_attempt_makes_belongs_to_whom_its_list_belongs_to() -> None:
    def arrange() -> tuple[User, User]:
        users = alice(), User.objects.create_user("bob")
        a_list(NewTask(id="intro"), created_by=users[0])
        return users

    creator, other = await in_db(arrange)
    with entered(await in_db(claim_one), no_models()):
        assert await made_by(None) == [creator, creator]
        assert await made_by(other) == [other, other]
        assert await made_by(AnonymousUser()) == [None, None]
