"""Tasks that wait for tasks."""

import pytest

from tasks_app.errors import DependencyRefused
from tasks_app.services import claims, dependents, interventions, leases, task_lists, tasks
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, a_list, a_worker, check_books, claim_all, claim_one, statuses

pytestmark = pytest.mark.django_db


def test_a_task_waits_for_what_it_depends_on() -> None:
    task_list = a_list("a", NewTask(id="b", depends_on=["a"]))
    worker = a_worker()
    got = claim_all(worker)
    assert set(got) == {"a"}
    claims.complete(got["a"])
    assert set(claim_all(worker)) == {"b"}
    check_books(task_list)


def test_an_entry_may_depend_on_a_later_one_of_its_batch() -> None:
    a_list(NewTask(id="b", depends_on=["a"]), "a")
    assert set(claim_all(a_worker())) == {"a"}


def test_a_circle_is_named() -> None:
    task_list = a_list()
    circle = [
        NewTask(id="a", depends_on=["b"]),
        NewTask(id="b", depends_on=["c"]),
        NewTask(id="c", depends_on=["a"]),
    ]
    with pytest.raises(DependencyRefused, match="'a' → 'b' → 'c' → 'a'"):
        tasks.add_many(task_list.id, circle, actor=ALICE)


def test_a_circle_through_thousands_is_named_in_short() -> None:
    circle = [NewTask(id=f"t{number}", depends_on=[f"t{(number + 1) % 3_000}"]) for number in range(3_000)]
    with pytest.raises(DependencyRefused, match=r"'t0' → .* → 't8' → 2,991 more → 't0'\.$"):
        tasks.add_many(a_list().id, circle, actor=ALICE)


def test_a_task_cannot_wait_for_itself_or_for_one_that_is_not_there() -> None:
    task_list = a_list("gone")
    tasks.remove(task_list.id, "gone", actor=ALICE)
    with pytest.raises(DependencyRefused, match="itself"):
        tasks.add_many(task_list.id, [NewTask(id="a", depends_on=["a"])], actor=ALICE)
    with pytest.raises(DependencyRefused, match="'gone'"):
        tasks.add_many(task_list.id, [NewTask(id="a", depends_on=["gone"])], actor=ALICE)


def test_a_failure_skips_all_that_is_behind_it() -> None:
    task_list = a_list("a", NewTask(id="b", depends_on=["a"]), NewTask(id="c", depends_on=["b"]), "d")
    claims.fail(claim_all(a_worker())["a"], "no")
    assert statuses(task_list) == {"a": "failed", "b": "skipped", "c": "skipped", "d": "in_progress"}
    assert tasks.get(task_list.id, "b").skip_reason == "its dependency 'a' failed"
    check_books(task_list)


def test_a_task_added_behind_a_failed_one_is_skipped_at_once() -> None:
    task_list = a_list("a")
    claims.fail(claim_one(), "no")
    tasks.add_many(task_list.id, [NewTask(id="c", depends_on=["b"]), NewTask(id="b", depends_on=["a"])], actor=ALICE)
    assert statuses(task_list) == {"a": "failed", "b": "skipped", "c": "skipped"}
    check_books(task_list)


def test_a_retry_frees_what_was_skipped_behind_it() -> None:
    task_list = a_list("a", NewTask(id="b", depends_on=["a"]), NewTask(id="c", depends_on=["b"]))
    claims.fail(claim_one(), "no")
    interventions.retry(task_list.id, "a", actor=ALICE)
    assert statuses(task_list) == {"a": "pending", "b": "pending", "c": "pending"}
    for task_id in ("a", "b", "c"):
        claim = claim_one()
        assert claim.task.id == task_id
        claims.complete(claim)
    assert task_lists.get(task_list.id).status == "completed"
    check_books(task_list)


def test_a_task_behind_two_failures_waits_for_both() -> None:
    task_list = a_list("a", "b", NewTask(id="c", depends_on=["a", "b"]))
    got = claim_all(a_worker())
    claims.fail(got["a"], "no")
    claims.fail(got["b"], "no")
    interventions.retry(task_list.id, "a", actor=ALICE)
    assert statuses(task_list)["c"] == "skipped"
    interventions.retry(task_list.id, "b", actor=ALICE)
    assert statuses(task_list)["c"] == "pending"
    check_books(task_list)


def test_skips_by_people_let_go_and_stay() -> None:
    task_list = a_list("a", NewTask(id="b", depends_on=["a"]))
    interventions.skip(task_list.id, "a", actor=ALICE, reason="not needed")
    assert set(claim_all(a_worker())) == {"b"}
    task_list = a_list("a", NewTask(id="b", depends_on=["a"]))
    interventions.skip(task_list.id, "b", actor=ALICE)
    claims.fail(claim_one(), "no")
    interventions.retry(task_list.id, "a", actor=ALICE)
    assert statuses(task_list)["b"] == "skipped"


def test_a_task_given_back_waits_for_a_dependency_that_was_retried_meanwhile() -> None:
    task_list = a_list("a", NewTask(id="b", depends_on=["a"]))
    claims.complete(claim_one())
    running = claim_one()
    interventions.retry(task_list.id, "a", actor=ALICE)
    leases.release([running])
    assert tasks.get(task_list.id, "b").waiting_for == 1
    assert set(claim_all(a_worker())) == {"a"}
    check_books(task_list)


def test_a_task_given_back_is_skipped_behind_a_dependency_that_failed_meanwhile() -> None:
    task_list = a_list("a", NewTask(id="b", depends_on=["a"]), NewTask(id="c", depends_on=["b"]))
    claims.complete(claim_one())
    running = claim_one()
    interventions.retry(task_list.id, "a", actor=ALICE)
    claims.fail(claim_one(), "not this time")
    assert statuses(task_list)["b"] == "in_progress"
    leases.release([running])
    assert statuses(task_list) == {"a": "failed", "b": "skipped", "c": "skipped"}
    check_books(task_list)


def test_retrying_a_task_whose_dependency_stands_failed_names_it() -> None:
    task_list = a_list("a", NewTask(id="b", depends_on=["a"]))
    claims.fail(claim_one(), "no")
    with pytest.raises(DependencyRefused, match="retry 'a'"):
        interventions.retry(task_list.id, "b", actor=ALICE)


def test_a_task_that_others_wait_for_cannot_be_removed() -> None:
    task_list = a_list("a", NewTask(id="b", depends_on=["a"]))
    with pytest.raises(DependencyRefused, match="'b'"):
        tasks.remove(task_list.id, "a", actor=ALICE)


def test_a_long_chain_is_skipped_to_its_end() -> None:
    chain = [NewTask(id="0")] + [NewTask(id=str(n), depends_on=[str(n - 1)]) for n in range(1, 100)]
    task_list = a_list(*chain)
    interventions.cancel(task_list.id, "0", actor=ALICE)
    assert task_lists.get(task_list.id).counts["skipped"] == 99
    check_books(task_list)


def test_what_a_task_still_waits_for_is_named_in_the_order_of_the_list() -> None:
    made = a_list("a", "b", "c", NewTask(id="end", depends_on=["c", "b", "a"]), NewTask(id="last", depends_on=["end"]))
    interventions.skip(made.id, "b", actor=ALICE)
    pks = {task.id: task.pk for task in tasks.all_of(made.id)}

    assert dependents.waits_for(pks.values()) == {pks["end"]: ["a", "c"], pks["last"]: ["end"]}
