"""Plans and their versions."""

from functools import partial

import pytest

from tasks_app.conf import conf
from tasks_app.errors import PlanNotFound, ValueRefused
from tasks_app.models import Event, Plan, PlanRevision, PlanSnapshot
from tasks_app.models.columns import new_id
from tasks_app.services import events, plans
from tests.builders import ALICE, PROGRAM
from tests.together import together


def a_plan(content: str = "# One") -> PlanSnapshot:
    return plans.create("Book", actor=ALICE, content=content, metadata={"tone": "dry"})


def versions(plan: PlanSnapshot) -> list[tuple[int, str, str, str]]:
    rows = PlanRevision.objects.filter(plan=plan.id)
    return [(row.version, row.title, row.content, row.author) for row in rows]


@pytest.mark.django_db
class TestPlans:
    def test_a_new_plan_is_version_1(self) -> None:
        plan = a_plan()
        assert (plan.title, plan.content, plan.version, plan.metadata) == ("Book", "# One", 1, {"tone": "dry"})
        assert plans.get(plan.id) == plan
        assert versions(plan) == [(1, "Book", "# One", "alice")]

    def test_every_version_is_kept_with_its_author(self) -> None:
        plan = a_plan()
        plans.update(plan.id, actor=PROGRAM, content="# Two")
        plans.update(plan.id, actor=ALICE, title="Tome")
        assert versions(plan) == [
            (1, "Book", "# One", "alice"),
            (2, "Book", "# Two", "importer"),
            (3, "Tome", "# Two", "alice"),
        ]

    def test_an_equal_text_is_a_new_version_and_title_and_text_together_are_one(self) -> None:
        plan = a_plan()
        assert plans.update(plan.id, actor=ALICE, content="# One").version == 2
        assert plans.update(plan.id, actor=ALICE, title="Tome", content="# Two").version == 3

    def test_metadata_alone_is_replaced_and_makes_no_version(self) -> None:
        plan = plans.update(a_plan().id, actor=ALICE, metadata={"length": "short"})
        assert (plan.version, plan.metadata) == (1, {"length": "short"})
        assert len(versions(plan)) == 1

    def test_where_nothing_is_given_nothing_is_written(self) -> None:
        plan = a_plan()
        assert plans.update(plan.id, actor=ALICE) == plan
        assert Plan.objects.get(pk=plan.id).last_seq == 1

    def test_the_versions_are_told_oldest_first_each_with_what_it_changed(self) -> None:
        plan = a_plan("# One\n\nFirst.")
        plans.update(plan.id, actor=PROGRAM, content="# One\n\nSecond.\n")
        plans.update(plan.id, actor=ALICE, title="Tome")
        told = plans.revisions(plan.id)
        assert [(one.version, one.title, one.content, one.author) for one in told] == versions(plan)
        assert told[1].diff.split("\n") == [
            "--- version 1",
            "+++ version 2",
            "@@ -1,3 +1,4 @@",
            " # One",
            " ",
            "-First.",
            "+Second.",
            "+",
        ]
        assert (told[0].diff, told[2].diff) == ("", "")
        assert told[0].at <= told[1].at <= told[2].at

    def test_a_plan_may_be_emptied(self) -> None:
        assert plans.update(a_plan().id, actor=ALICE, content="").content == ""

    def test_what_happened_to_a_plan_is_on_record(self) -> None:
        plan = a_plan()
        plans.update(plan.id, actor=PROGRAM, content="# Two")
        log = [(event.seq, event.kind, event.actor_name, event.data) for event in events.after(f"plan:{plan.id}", 0)]
        assert log == [
            (1, "plan.created", "alice", {"title": "Book"}),
            (2, "plan.changed", "importer", {"version": 2}),
        ]

    def test_text_is_stored_whatever_a_model_wrote(self) -> None:
        plan = plans.create(" Two\n lines\x00 ", actor=ALICE, content="a\x00b\ud800")
        assert (plan.title, plan.content) == ("Two lines\ufffd", "a\ufffdb\ufffd")

    @pytest.mark.parametrize("title", ["", " \n "])
    def test_a_plan_has_a_title(self, title: str) -> None:
        with pytest.raises(ValueRefused, match="title"):
            plans.create(title, actor=ALICE)
        plan = a_plan()
        with pytest.raises(ValueRefused, match="title"):
            plans.update(plan.id, actor=ALICE, title=title)
        assert plans.get(plan.id) == plan

    def test_a_plan_too_large_is_refused_and_nothing_written(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(conf, "max_value_bytes", 1024)
        plan = a_plan()
        for change in ({"content": "€" * 400}, {"metadata": {"a": "x" * 2000}}, {"title": "T", "metadata": {"a": {1}}}):
            with pytest.raises(ValueRefused):
                plans.update(plan.id, actor=ALICE, **change)
        assert plans.get(plan.id) == plan
        assert Event.objects.filter(topic=f"plan:{plan.id}").count() == 1

    def test_an_unknown_plan_is_named(self) -> None:
        missing = new_id()
        with pytest.raises(PlanNotFound, match=str(missing)):
            plans.get(missing)
        with pytest.raises(PlanNotFound, match=str(missing)):
            plans.update(missing, actor=ALICE, title="T")
        with pytest.raises(PlanNotFound, match=str(missing)):
            plans.revisions(missing)


@pytest.mark.django_db(transaction=True)
def test_two_who_write_at_once_make_two_versions() -> None:
    for _ in range(5):
        plan = a_plan()
        together(*(partial(plans.update, plan.id, actor=ALICE, content=text) for text in ("# A", "# B")))
        assert {(version, content) for version, _, content, _ in versions(plan)} in (
            {(1, "# One"), (2, "# A"), (3, "# B")},
            {(1, "# One"), (2, "# B"), (3, "# A")},
        )
        assert plans.get(plan.id).content == versions(plan)[-1][2]
