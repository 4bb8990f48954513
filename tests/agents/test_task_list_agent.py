"""A task list in a managing agent's hands."""

from __future__ import annotations

from typing import Any

import pytest

from tasks_app.agents.scope import entered
from tasks_app.agents.task_list_agent import task_list_agent
from tasks_app.crossing import in_db
from tasks_app.errors import TaskListNotFound
from tasks_app.services import claims, events
from tasks_app.services.tasks import NewTask
from tests.agents.attempts import a_claim, no_models
from tests.agents.handles import NOBODYS, a_handle, use
from tests.builders import check_books, claim_one

pytestmark = pytest.mark.django_db(transaction=True)


class TestChanging:
    async def test_a_task_is_added_with_all_that_is_given(self) -> None:
        handle = await a_handle("intro")
        given = {
            "id": "body",
            "label": "The body",
            "description": "Ten pages.",
            "input": {"pages": 10},
            "depends_on": ["intro"],
            "assignee": "closer",
            "priority": 2,
        }

        assert await use(handle, "add_task", **given) == {"ok": True, "id": "body", "status": "pending"}
        task = await handle.get_task("body")
        assert (task.label, task.description, task.input) == ("The body", "Ten pages.", {"pages": 10})
        assert (task.agent, task.priority, task.waiting_for) == ("closer", 2, 1)

    async def test_null_is_as_good_as_nothing(self) -> None:
        handle = await a_handle("intro")
        nothing = dict.fromkeys(["label", "description", "input", "depends_on", "assignee", "priority"])
        assert (await use(handle, "add_task", id="body", **nothing))["ok"]
        changed = await use(handle, "update_task", **{**dict.fromkeys(UPDATED), "id": "body", "label": "The body"})

        assert changed == {"ok": True, "id": "body", "status": "pending"}
        assert (await handle.get_task("body")).label == "The body"

    async def test_a_task_is_changed_in_all_that_is_given(self) -> None:
        handle = await a_handle("intro", "body")
        given = {
            "label": "The body",
            "description": "Ten.",
            "priority": 2,
            "assignee": "closer",
            "depends_on": ["intro"],
        }

        assert (await use(handle, "update_task", id="body", **given))["ok"]
        task = await handle.get_task("body")
        assert (task.label, task.description, task.priority) == ("The body", "Ten.", 2)
        assert (task.agent, task.waiting_for) == ("closer", 1)

    async def test_a_task_is_skipped_or_cancelled_with_the_reason(self) -> None:
        handle = await a_handle("intro", "body")

        skipped = await use(handle, "update_task", id="intro", status="skipped", reason="no room")
        assert skipped == {"ok": True, "id": "intro", "status": "skipped"}
        assert (await handle.get_task("intro")).skip_reason == "no room"
        assert (await use(handle, "update_task", id="body", status="cancelled"))["status"] == "cancelled"

    async def test_a_task_is_removed(self) -> None:
        handle = await a_handle("intro", "body")

        assert await use(handle, "remove_task", id="intro") == {"ok": True, "id": "intro", "removed": True}
        assert [task.id for task in await handle.get_tasks()] == ["body"]

    async def test_the_list_is_discarded_with_the_reason_and_nothing_changes_any_more(self) -> None:
        handle = await a_handle("intro")

        assert await use(handle, "discard_task_list", reason="no use") == {"ok": True, "status": "discarded"}
        assert (await handle.get()).discard_reason == "no use"
        refused = await use(handle, "add_task", id="body")
        assert not refused["ok"]
        assert "was discarded" in refused["error"]
        assert (await use(handle, "list_tasks"))["status"] == "discarded"

    async def test_its_moves_are_the_agents_that_works_here(self) -> None:
        claim = await a_claim("manager")
        handle = await a_handle("intro")
        with entered(claim, no_models()):
            await use(handle, "update_task", id="intro", status="skipped")
        newest = [event for event in await in_db(events.after, f"list:{handle.id}", 0) if event.kind == "task.skipped"]

        assert [(event.actor_kind, event.actor_name) for event in newest] == [("agent", "manager")]


UPDATED = ["label", "description", "priority", "assignee", "depends_on", "status", "reason"]
NO_SUCH = {"id": "nowhere"}


class TestRefusals:
    @pytest.mark.parametrize(
        ("tool", "arguments", "words"),
        [
            ("add_task", {"id": "intro"}, "is taken"),
            ("add_task", {"id": " "}, "id is 1 to 200"),
            ("add_task", {}, "id: Field required"),
            ("add_task", {"id": "a", "depends_on": ["nowhere"]}, "'nowhere'"),
            ("add_task", {"id": "a", "depends_on": "intro"}, "depends_on: Input should be a valid list"),
            ("add_task", {"id": "a", "status": "todo"}, "status: Extra inputs"),
            ("update_task", NO_SUCH | {"label": "x"}, "no task 'nowhere'"),
            ("update_task", {"id": "intro"}, "at least one field"),
            ("update_task", {"id": "intro", "reason": "why"}, "at least one field"),
            ("update_task", {"id": "intro", "status": "completed"}, "status: Input should be 'skipped' or 'cancelled'"),
            ("update_task", {"id": "intro", "status": "todo"}, "there is no status 'todo'"),
            ("update_task", {"id": "body", "depends_on": ["body"]}, "depends on itself"),
            ("update_task", {"id": "intro", "depends_on": ["body"]}, "circle"),
            ("remove_task", NO_SUCH, "no task 'nowhere'"),
            ("remove_task", {"id": "intro"}, "'body' depend on it"),
            ("discard_task_list", {}, "reason: Field required"),
            ("list_tasks", {"status": "todo"}, "'pending'"),
        ],
    )
    async def test_what_is_refused_is_answered_with_why(self, tool: str, arguments: dict[str, Any], words: str) -> None:
        handle = await a_handle("intro", NewTask(id="body", depends_on=["intro"]))
        before = await handle.get_tasks()
        answer = await use(handle, tool, **arguments)

        assert answer["ok"] is False
        assert words in answer["error"]
        assert await handle.get_tasks() == before

    async def test_a_move_that_the_table_has_not_says_where_the_task_stands_and_may_go(self) -> None:
        handle = await a_handle("intro")
        await in_db(lambda: claims.complete(claim_one(), "done"))
        answer = await use(handle, "update_task", id="intro", status="skipped")

        assert (answer["ok"], answer["status"], answer["allowed"]) == (False, "completed", [])

    @pytest.mark.parametrize(
        ("tool", "arguments"),
        [("remove_task", {}), ("update_task", {"label": "x"}), ("update_task", {"status": "cancelled"})],
    )
    async def test_a_task_that_people_are_to_decide_on_is_not_touched(
        self, tool: str, arguments: dict[str, Any]
    ) -> None:
        handle = await a_handle(NewTask(id="intro", requires_approval=True))
        answer = await use(handle, tool, id="intro", **arguments)

        assert (answer["ok"], answer["status"]) == (False, "awaiting_approval")
        assert "only people touch it" in answer["error"]

    @pytest.mark.parametrize(
        ("tool", "arguments"),
        [
            ("list_tasks", {}),
            ("add_task", {"id": "a"}),
            ("update_task", {"id": "a", "label": "x"}),
            ("remove_task", {"id": "a"}),
            ("discard_task_list", {"reason": "x"}),
        ],
    )
    async def test_the_tools_of_a_list_that_is_missing_say_so(self, tool: str, arguments: dict[str, Any]) -> None:
        answer = await use(task_list_agent(NOBODYS), tool, **arguments)

        assert answer == {"ok": False, "error": f"There is no task list {NOBODYS}."}

    def test_an_id_that_is_no_uuid_is_refused_at_once(self) -> None:
        with pytest.raises(TaskListNotFound, match="'chapters'"):
            task_list_agent("chapters")


async def test_every_tool_and_every_parameter_is_described_and_none_takes_a_lists_id() -> None:
    for name, tool in task_list_agent(NOBODYS).as_tools().items():
        assert tool.description, name
        for field, schema in tool.parameters["properties"].items():
            assert schema.get("description"), f"{name}.{field}"
            assert "list" not in field


async def test_the_books_are_right_after_all_of_it() -> None:
    handle = await a_handle("intro", NewTask(id="body", depends_on=["intro"]))
    await use(handle, "add_task", id="end", depends_on=["body"])
    await use(handle, "update_task", id="body", status="cancelled")
    await use(handle, "remove_task", id="end")
    await in_db(check_books, await handle.get())
