"""Every table in Django's admin, to read; tasks can be retried, cancelled and skipped there."""

from tasks_app.admin import queue
from tasks_app.admin.keys import SignInLinkAdmin, TokenAdmin
from tasks_app.admin.records import EventAdmin, MessageAdmin, ModelCallAdmin, WorkerAdmin
from tasks_app.admin.task_lists import PlanAdmin, PlanRevisionAdmin, TaskListAdmin
from tasks_app.admin.tasks import AttemptAdmin, DependencyAdmin, TaskAdmin

__all__ = [
    "AttemptAdmin",
    "DependencyAdmin",
    "EventAdmin",
    "MessageAdmin",
    "ModelCallAdmin",
    "PlanAdmin",
    "PlanRevisionAdmin",
    "SignInLinkAdmin",
    "TaskAdmin",
    "TaskListAdmin",
    "TokenAdmin",
    "WorkerAdmin",
    "queue",
]
