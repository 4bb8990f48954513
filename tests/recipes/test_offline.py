"""Every recipe, from its first line to its last, with the offline model over HTTP and from the command line."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

from tasks_app import recipes
from tasks_app.conf import conf
from tasks_app.crossing import run_sync
from tasks_app.crux import ScriptedModel, TaskListHandle
from tasks_app.llm.loopback import serve_in_thread
from tasks_app.llm.scripted import call, serving
from tasks_app.recipes import demand_sources, plan_to_workers, worker_lifecycle
from tests.cli.conftest import crux  # noqa: F401 - a fixture
from tests.cli.console import Console
from tests.recipes.scripts import ended

NAMES = sorted(module.name for module in pkgutil.iter_modules(recipes.__path__))
LEFT_TO_DO = {"plan_to_workers": 1}  # lists that a recipe makes for somebody else


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("over_http")
class TestOverHttp:
    @pytest.mark.parametrize("name", NAMES)
    async def test_a_recipe_completes_its_tasks(self, name: str) -> None:
        made: list[TaskListHandle] = await importlib.import_module(f"{recipes.__name__}.{name}").main()

        for handle in made[: len(made) - LEFT_TO_DO.get(name, 0)]:
            tasks = await ended(handle)
            assert {status for status, _ in tasks.values()} == {"completed"}
            assert all(result for _, result in tasks.values())

    async def test_results_come_from_the_material(self) -> None:
        (sections,) = await worker_lifecycle.main()
        ((_, written),) = (await ended(sections)).values()
        assert written.split(". ")[0] in worker_lifecycle.WATERING

        (questions,) = await demand_sources.main()
        ((_, found),) = (await ended(questions)).values()
        assert found["sources"] == ["https://example.org/toads", "https://example.org/beer-trial"]

    async def test_the_plan_has_the_templates_headings_and_its_tasks_the_points(self) -> None:
        plan = await (await plan_to_workers.planned(None)).get()
        assert re.findall("^#.*|^[0-9]\\.", plan.content, re.M) == ["## Goal", "## Parts", "1.", "2."]

        (listed,) = await plan_to_workers.planned_with_tasks(None)
        assert len(await listed.get_tasks()) == 2
        assert (await listed.get()).plan_id not in (None, plan.id)


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    """No address: the offline model in this process, in no time."""
    monkeypatch.setattr(conf, "offline_seconds", 0)
    monkeypatch.setattr(conf, "model", "")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("embedded")
class TestCommand:
    def test_without_a_name_the_recipes_are_listed_with_what_they_show(self, crux: Console) -> None:
        answer = crux("recipe")
        lines = answer.out.splitlines()

        assert (answer.code, [line.split()[0] for line in lines]) == (0, NAMES)
        assert all(re.fullmatch(r"\w+ +[A-Z].{30,}[.]", line) for line in lines)

    def test_a_recipe_runs_and_says_where_its_lists_are_on_the_board(self, crux: Console) -> None:
        answer = crux("recipe", "fan_out")

        assert (answer.code, answer.err) == (0, "")
        assert "All at once: 4 of 4 in" in answer.out
        shown = re.findall(r"^  http\S+/lists/[0-9a-f-]{36}/  (.+)$", answer.out, re.M)
        assert shown == ["One after the other", "All at once"]

    def test_a_task_that_failed_is_exit_code_1(self, crux: Console, monkeypatch: pytest.MonkeyPatch) -> None:
        model = ScriptedModel([call("fail_task", error="no ink"), "Sorry."])
        monkeypatch.setattr(conf, "model", model.name)
        with serve_in_thread(serving(model)) as base_url:
            monkeypatch.setenv("OPENAI_BASE_URL", base_url)
            answer = crux("recipe", "worker_lifecycle")

        assert answer.code == 1
        assert "watering is failed" in answer.out
        assert "no ink" in answer.out

    def test_an_unknown_recipe_is_a_misuse(self, crux: Console) -> None:
        answer = crux("recipe", "soup")

        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith("crux: There is no recipe 'soup'. There are: custom_rendering, ")

    def test_a_model_that_cannot_be_reached_is_a_line(self, crux: Console, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        for name in ("worker_lifecycle", "fan_out"):
            answer = crux("recipe", name)
            assert (answer.code, answer.err.count("\n")) == (1, 1)
            assert answer.err.startswith("crux: No model is named")


def test_run_sync_runs_a_recipe_from_plain_code(db: None, embedded: None) -> None:
    (sections,) = run_sync(worker_lifecycle.main)

    assert run_sync(sections.get_status) == "completed"
