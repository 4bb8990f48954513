"""Every recipe, from its first line to its last, with the offline model over HTTP."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

from tasks_app import recipes
from tasks_app.crux import TaskListHandle
from tasks_app.recipes import demand_sources, plan_to_workers, worker_lifecycle
from tests.recipes.scripts import ended

NAMES = sorted(module.name for module in pkgutil.iter_modules(recipes.__path__))
LEFT_TO_DO = {"plan_to_workers": 1}  # lists that a recipe makes for somebody else


pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("over_http")]


@pytest.mark.parametrize("name", NAMES)
async def test_a_recipe_completes_its_tasks(name: str) -> None:
    made: list[TaskListHandle] = await importlib.import_module(f"{recipes.__name__}.{name}").main()

    for handle in made[: len(made) - LEFT_TO_DO.get(name, 0)]:
        tasks = await ended(handle)
        assert {status for status, _ in tasks.values()} == {"completed"}
        assert all(result for _, result in tasks.values())


async def test_results_come_from_the_material() -> None:
    (sections,) = await worker_lifecycle.main()
    ((_, written),) = (await ended(sections)).values()
    assert written.split(". ")[0] in worker_lifecycle.WATERING

    (questions,) = await demand_sources.main()
    ((_, found),) = (await ended(questions)).values()
    assert found["sources"] == ["https://example.org/toads", "https://example.org/beer-trial"]


async def test_the_plan_has_the_templates_headings_and_its_tasks_the_points() -> None:
    plan = await (await plan_to_workers.planned(None)).get()
    assert re.findall("^#.*|^[0-9]\\.", plan.content, re.M) == ["## Goal", "## Parts", "1.", "2."]

    (listed,) = await plan_to_workers.planned_with_tasks(None)
    assert len(await listed.get_tasks()) == 2
    assert (await listed.get()).plan_id not in (None, plan.id)
