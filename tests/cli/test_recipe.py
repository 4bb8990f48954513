"""`crux recipe`: the library's recipes listed, and one of them run."""

import pkgutil
import re

import pytest

from tasks_app import recipes
from tasks_app.conf import conf
from tasks_app.crossing import run_sync
from tasks_app.crux import ScriptedModel
from tasks_app.llm.loopback import serve_in_thread
from tasks_app.llm.scripted import call, serving
from tasks_app.recipes import worker_lifecycle
from tests.cli.console import Console

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("embedded")]

NAMES = sorted(module.name for module in pkgutil.iter_modules(recipes.__path__))


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    """No address: the offline model in this process, in no time."""
    monkeypatch.setattr(conf, "offline_seconds", 0)
    monkeypatch.setattr(conf, "model", "")


def test_without_a_name_the_recipes_are_listed_with_what_they_show(crux: Console) -> None:
    answer = crux("recipe")
    lines = answer.out.splitlines()

    assert (answer.code, [line.split()[0] for line in lines]) == (0, NAMES)
    assert all(re.fullmatch(r"\w+ +[A-Z].{30,}[.]", line) for line in lines)


def test_a_recipe_runs_and_says_where_its_lists_are_on_the_board(crux: Console) -> None:
    answer = crux("recipe", "fan_out")

    assert (answer.code, answer.err) == (0, "")
    assert "All at once: 4 of 4 in" in answer.out
    shown = re.findall(r"^  http\S+/lists/[0-9a-f-]{36}/  (.+)$", answer.out, re.M)
    assert shown == ["One after the other", "All at once"]


def test_of_a_recipe_without_lists_no_board_is_told(crux: Console) -> None:
    answer = crux("recipe", "typed_parallel")

    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines()[-1].startswith("It took ")


def test_a_task_that_failed_is_exit_code_1(crux: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ScriptedModel([call("fail_task", error="no ink"), "Sorry."])
    monkeypatch.setattr(conf, "model", model.name)
    with serve_in_thread(serving(model)) as base_url:
        monkeypatch.setenv("OPENAI_BASE_URL", base_url)
        answer = crux("recipe", "worker_lifecycle")

    assert answer.code == 1
    assert "watering is failed" in answer.out
    assert "no ink" in answer.out


def test_an_unknown_recipe_is_a_misuse(crux: Console) -> None:
    answer = crux("recipe", "soup")

    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"crux: There is no recipe 'soup'. There are: {', '.join(NAMES)}.\n"


def test_a_model_that_cannot_be_reached_is_a_line(crux: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    for name in ("worker_lifecycle", "fan_out", "typed_parallel", "content_pipeline"):
        answer = crux("recipe", name)
        assert (answer.code, answer.err.count("\n")) == (1, 1)
        assert "No model is named" in answer.err


def test_plain_code_runs_a_recipe_as_the_command_does() -> None:
    (sections,) = run_sync(worker_lifecycle.main)

    assert run_sync(sections.get_status) == "completed"
