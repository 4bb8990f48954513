"""django-q2's rows and pages, which are not for people. Its processes are tested in tests/workers."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib import admin
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ

from tasks_app import queue
from tasks_app.services import workers


def a_job(key: str, *, seconds: float) -> OrmQ:
    """A job of a cluster, to be run since `seconds`; locked into the future if that is negative."""
    return OrmQ.objects.create(key=key, payload="", lock=timezone.now() - timedelta(seconds=seconds))


@pytest.mark.django_db
def test_a_start_removes_the_jobs_nobody_will_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "CLUSTER_NAME", "ours")
    workers.register("host", 1, 10, "theirs")
    kept = {
        a_job("theirs", seconds=900),
        a_job("theirs", seconds=-900),
        a_job("just-started", seconds=1),
    }
    for seconds in (900, 1, -900):
        a_job("ours", seconds=seconds)
    for seconds in (900, -900):
        a_job("gone", seconds=seconds)

    queue._prune(live={worker.cluster for worker in workers.alive()})

    assert set(OrmQ.objects.all()) == kept


@pytest.fixture
def _registered() -> Iterator[None]:
    """The admin's pages, as they were before and will be again."""
    pages = dict(admin.site._registry)
    yield
    admin.site._registry.clear()
    admin.site._registry.update(pages)


@pytest.mark.usefixtures("_registered")
def test_no_page_of_the_admin_runs_code() -> None:
    queue.close_admin()
    queue.close_admin()

    assert "django_q" not in {model._meta.app_label for model in admin.site._registry}


def test_nothing_is_stopping_until_it_is_told() -> None:
    assert not queue.stopping()


def test_a_recycled_process_is_too_large_for_django_q2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "MAX_RSS", None)
    queue.recycle()
    assert Conf.MAX_RSS == 1
