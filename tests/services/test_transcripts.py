"""What was said to a model and what it cost: nothing twice, nothing lost."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError

from tasks_app.errors import CruxError
from tasks_app.models import Attempt, Message, ModelCall, TaskListSnapshot
from tasks_app.services import claims, interventions, leases, task_lists, tasks, transcripts
from tasks_app.services.claims import Claim
from tasks_app.services.transcripts import CallRecord
from tests.builders import ALICE, a_list, a_worker, check_books, claim_one, kill
from tests.together import together

HELLO = {"role": "user", "content": "Hello"}
ANSWER = {"role": "assistant", "content": "Yes?"}

Used = tuple[int, Decimal | None]


def a_call(number: int = 1, cost: str | None = "0.25", **more: Any) -> CallRecord:
    """A call of 10 tokens in and 5 out."""
    price = None if cost is None else Decimal(cost)
    return CallRecord(number=number, model="m", input_tokens=10, output_tokens=5, cost=price, **more)


def used(task_list: TaskListSnapshot) -> tuple[Used, Used, Used]:
    """Tokens and USD of the list, of its task `a`, and of all attempts at it."""
    of_list, task = task_lists.get(task_list.id), tasks.get(task_list.id, "a")
    attempts = tasks.attempts_of(task_list.id, "a")
    costs = [attempt.cost for attempt in attempts if attempt.cost is not None]
    of_attempts = sum(attempt.tokens for attempt in attempts), sum(costs, Decimal(0)) if costs else None
    return (of_list.tokens, of_list.cost), (task.tokens, task.cost), of_attempts


@pytest.mark.django_db
class TestRecording:
    def test_messages_are_kept_in_their_order_from_where_they_begin(self) -> None:
        a_list("a")
        claim = claim_one()
        transcripts.record(claim.attempt_id, [HELLO], first_position=1)
        transcripts.record(claim.attempt_id, [ANSWER, HELLO], first_position=2, call=a_call())
        rows = Message.objects.filter(attempt=claim.attempt_id)
        assert [(row.position, row.role, row.body) for row in rows] == [
            (1, "user", HELLO),
            (2, "assistant", ANSWER),
            (3, "user", HELLO),
        ]

    def test_a_message_is_stored_once_and_what_came_with_its_copy_is_not(self) -> None:
        task_list = a_list("a")
        claim = claim_one()
        transcripts.record(claim.attempt_id, [HELLO], first_position=1, call=a_call())
        with pytest.raises(IntegrityError):
            transcripts.record(claim.attempt_id, [HELLO, ANSWER], first_position=1, call=a_call(2))
        assert Message.objects.count() == ModelCall.objects.count() == 1
        assert used(task_list)[2] == (15, Decimal("0.25"))

    def test_what_a_provider_says_is_stored_whatever_it_holds(self) -> None:
        a_list("a")
        claim = claim_one()
        odd = {"role": "assistant" * 9, "content": "a\x00b\ud800", "extra": [float("nan"), {"\x00": 1}]}
        call = CallRecord(number=1, model="m" * 500, finish_reason="f" * 99, error="e\x00")
        transcripts.record(claim.attempt_id, [odd], first_position=1, call=call)
        message, kept = Message.objects.get(), ModelCall.objects.get()
        assert message.body["content"] == "a\ufffdb\ufffd"
        assert message.body["extra"] == [None, {"\ufffd": 1}]
        assert (len(message.role), len(kept.model), len(kept.finish_reason), kept.error) == (20, 200, 40, "e\ufffd")

    def test_a_call_that_failed_is_on_record_too(self) -> None:
        a_list("a")
        claim = claim_one()
        transcripts.record(claim.attempt_id, [], first_position=1, call=a_call(error="The provider said no."))
        assert ModelCall.objects.get().error == "The provider said no."


@pytest.mark.django_db
class TestUsage:
    @pytest.mark.parametrize(
        "end",
        [
            claims.complete,
            lambda claim: claims.fail(claim, "no"),
            lambda claim: leases.release([claim]),
            lambda claim: interventions.cancel(claim.list_id, "a", actor=ALICE),
            lambda claim: interventions.skip(claim.list_id, "a", actor=ALICE),
            lambda claim: task_lists.discard(claim.list_id, "", actor=ALICE),
        ],
        ids=["complete", "fail", "release", "cancel", "skip", "discard"],
    )
    def test_it_goes_to_the_task_and_the_list_when_the_attempt_ends(self, end: Callable[[Claim], object]) -> None:
        task_list = a_list("a")
        claim = claim_one()
        transcripts.record(claim.attempt_id, [HELLO], first_position=1, call=a_call(1))
        transcripts.record(claim.attempt_id, [ANSWER], first_position=2, call=a_call(2, cost=None))
        assert used(task_list) == ((0, None), (0, None), (30, Decimal("0.25")))
        end(claim)
        assert used(task_list) == ((30, Decimal("0.25")),) * 3
        check_books(task_list)

    def test_it_goes_there_when_its_worker_died(self) -> None:
        task_list = a_list("a")
        worker = a_worker()
        transcripts.record(claim_one(worker).attempt_id, [], first_position=1, call=a_call())
        kill(worker)
        leases.sweep()
        assert used(task_list) == ((15, Decimal("0.25")),) * 3

    def test_what_a_fenced_attempt_still_paid_is_added_at_once(self) -> None:
        task_list = a_list("a")
        claim = claim_one()
        transcripts.record(claim.attempt_id, [HELLO], first_position=1, call=a_call(1))
        interventions.cancel(task_list.id, "a", actor=ALICE)
        transcripts.record(claim.attempt_id, [ANSWER], first_position=2, call=a_call(2))
        assert used(task_list) == ((30, Decimal("0.50")),) * 3
        check_books(task_list)

    def test_a_retry_adds_to_what_was_used_before(self) -> None:
        task_list = a_list("a")
        for _ in range(2):
            claim = claim_one()
            transcripts.record(claim.attempt_id, [HELLO], first_position=1, call=a_call())
            claims.fail(claim, "no")
            interventions.retry(task_list.id, "a", actor=ALICE)
        assert used(task_list) == ((30, Decimal("0.50")),) * 3

    def test_where_no_price_is_known_there_is_no_cost(self) -> None:
        task_list = a_list("a")
        claim = claim_one()
        transcripts.record(claim.attempt_id, [HELLO], first_position=1, call=a_call(cost=None))
        claims.complete(claim)
        assert used(task_list) == ((15, None),) * 3


ENDS: dict[str, Callable[[Claim], Callable[[], Any]]] = {
    "its worker": lambda claim: partial(claims.complete, claim),
    "a person": lambda claim: partial(interventions.cancel, claim.list_id, "a", actor=ALICE),
    "the sweep": lambda claim: leases.sweep,
    "a discard": lambda claim: partial(task_lists.discard, claim.list_id, "", actor=ALICE),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_nothing_paid_is_lost_to_one_who_ends_the_attempt_meanwhile(end: Callable[[Claim], Callable[[], Any]]) -> None:
    for _ in range(5):
        task_list = a_list("a")
        worker = a_worker()
        claim = claim_one(worker)
        transcripts.record(claim.attempt_id, [], first_position=1, call=a_call(1))
        if end is ENDS["the sweep"]:
            kill(worker)
        record = partial(transcripts.record, claim.attempt_id, [HELLO], first_position=1, call=a_call(2))
        assert not any(isinstance(done, CruxError) for done in together(record, end(claim)))
        assert Attempt.objects.get(pk=claim.attempt_id).status != "running"
        assert used(task_list) == ((30, Decimal("0.50")),) * 3
        check_books(task_list)
        task_lists.discard(task_list.id, "", actor=ALICE)


@pytest.mark.django_db(transaction=True)
def test_late_usage_and_a_late_ending_do_not_wait_for_each_other_for_ever() -> None:
    for _ in range(5):
        task_list = a_list("a")
        claim = claim_one()
        interventions.cancel(task_list.id, "a", actor=ALICE)
        record = partial(transcripts.record, claim.attempt_id, [HELLO], first_position=1, call=a_call())
        together(record, partial(claims.complete, claim), partial(leases.stopped, [claim.attempt_id]))
        assert used(task_list) == ((15, Decimal("0.25")),) * 3
        check_books(task_list)
