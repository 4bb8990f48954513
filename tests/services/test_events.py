"""The log: what it tells those who read it."""

from functools import partial
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasks_app.models import Event
from tasks_app.services import claims, events, interventions, plans, task_lists
from tests.builders import ALICE, PROGRAM, a_list, claim_one
from tests.together import together

pytestmark = pytest.mark.django_db


def test_events_come_oldest_first_and_a_few_at_a_time() -> None:
    task_list = a_list("a", "b")  # created, added twice, started
    topic = f"list:{task_list.id}"
    assert [(event.seq, event.kind, event.task) for event in events.after(topic, 1)] == [
        (2, "task.added", "a"),
        (3, "task.added", "b"),
        (4, "list.started", None),
    ]
    assert [event.seq for event in events.after(topic, 0, limit=2)] == [1, 2]
    assert events.after(topic, 4) == []
    assert events.after("list:nonsense", 0) == []


def test_an_event_is_public_as_plain_json_with_its_time_in_utc() -> None:
    task_list = a_list()
    public = events.after(f"list:{task_list.id}", 0)[0].public()
    at = public.pop("at")
    assert public == {
        "topic": f"list:{task_list.id}",
        "seq": 1,
        "kind": "list.created",
        "task": None,
        "actor": {"kind": "person", "name": "alice"},
        "data": {"title": "Chapters"},
    }
    assert at.endswith("Z")
    assert "T" in at


def test_a_tasks_own_events_are_its_newest() -> None:
    task_list = a_list("a", "b")
    topic = f"list:{task_list.id}"
    claim = claim_one()
    for line in ("one", "two", "three"):
        claims.progress(claim, line)
    assert [event.kind for event in events.of_task(topic, "a")] == [
        "task.added",
        "task.started",
        *["task.progress"] * 3,
    ]
    assert [event.data["message"] for event in events.of_task(topic, "a", limit=2)] == ["two", "three"]


def test_what_people_and_programs_say_is_stored_whatever_it_holds() -> None:
    task_list = a_list("a")
    interventions.cancel(task_list.id, "a", actor=PROGRAM, reason="a\x00b\ud800")
    assert Event.objects.get(kind="task.cancelled").data["reason"] == "a\ufffdb\ufffd"


class TestNewestSeqs:
    def test_each_topic_that_exists_has_one(self) -> None:
        one, two = a_list("a"), a_list()
        plan = plans.create("Book", actor=ALICE)
        topics = [f"list:{one.id}", f"list:{two.id}", f"plan:{plan.id}"]
        assert events.newest_seqs(topics) == {topics[0]: one.seq, topics[1]: two.seq, topics[2]: 1}

    @pytest.mark.parametrize("topic", [f"list:{UUID(int=7)}", "list:nonsense", "plan:", "nonsense", "list:\x00", ""])
    def test_what_does_not_exist_has_none(self, topic: str) -> None:
        task_list = a_list()
        known = f"list:{task_list.id}"
        assert events.newest_seqs([topic, known]) == {known: task_list.seq}

    def test_any_number_of_topics_costs_one_query_a_kind(self) -> None:
        topics = [f"list:{a_list(started=False).id}" for _ in range(5)]
        topics.append(f"plan:{plans.create('Book', actor=ALICE).id}")
        with CaptureQueriesContext(connection) as queries:
            assert len(events.newest_seqs(topics)) == 6
        assert len(queries) == 2
        with CaptureQueriesContext(connection) as queries:
            events.newest_seqs([])
        assert len(queries) == 0


class TestKept:
    def test_a_lists_snapshot_is_its_state_as_of_its_newest_event(self) -> None:
        task_list = a_list("a", "b")
        claims.complete(claim_one())
        task_lists.pause(task_list.id, actor=ALICE, reason="budget")
        now = task_lists.get(task_list.id)
        topic = f"list:{now.id}"
        kept = events.kept(topic)
        assert (kept.first_seq, kept.last_seq) == (1, now.seq)
        assert kept.last_seq == events.after(topic, 0)[-1].seq
        assert kept.snapshot == {
            "topic": topic,
            "kind": "snapshot",
            "as_of_seq": now.seq,
            "data": {
                "title": "Chapters",
                "list": {"status": "in_progress", "counts": dict(now.counts)},
                "pauses": ["budget"],
                "finished": False,
            },
        }

    def test_a_plans_snapshot_names_its_version(self) -> None:
        plan = plans.create("Book", actor=ALICE)
        plans.update(plan.id, actor=ALICE, title="Tome")
        kept = events.kept(f"plan:{plan.id}")
        assert (kept.first_seq, kept.last_seq) == (1, 2)
        assert kept.snapshot["data"] == {"title": "Tome", "version": 2}


@pytest.mark.django_db(transaction=True)
def test_events_of_many_writers_are_numbered_without_a_gap() -> None:
    task_list = a_list(*"abcdef")
    together(*(partial(interventions.cancel, task_list.id, key, actor=ALICE) for key in "abcdef"))
    log = events.after(f"list:{task_list.id}", 0)
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    assert [event.data["list"]["counts"]["cancelled"] for event in log if "list" in event.data][-6:] == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
