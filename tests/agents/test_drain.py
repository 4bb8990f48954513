"""Drain: a list worked on in place, to where it can do no more."""


import pytest

from tasks_app.agents.drain import drain
from tasks_app.agents.registry import worker
from tasks_app.crossing import in_db, run_sync
from tests.builders import a_list, check_books

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def writer() -> None:
    @worker("writer")
    async def write(text: str) -> str:
        return "ok"


async def test_first() -> None:
    made = await in_db(a_list, *"abc", started=False)
    counts = await drain(made.id)
    assert counts["completed"] == 3
    await in_db(check_books, made)


def test_sync() -> None:
    made = a_list(*"abc", started=False)
    assert run_sync(drain, made.id)["completed"] == 3
