"""The tables."""

from tasks_app.models.access import SignInLink, Token
from tasks_app.models.attempt import Attempt, AttemptSnapshot
from tasks_app.models.event import Event, EventSnapshot
from tasks_app.models.plan import Plan, PlanRevision, PlanSnapshot, RevisionSnapshot
from tasks_app.models.task import Dependency, Task, TaskSnapshot
from tasks_app.models.task_list import TaskList, TaskListSnapshot
from tasks_app.models.transcript import Message, ModelCall
from tasks_app.models.worker import Worker, WorkerSnapshot

__all__ = [
    "Attempt",
    "AttemptSnapshot",
    "Dependency",
    "Event",
    "EventSnapshot",
    "Message",
    "ModelCall",
    "Plan",
    "PlanRevision",
    "PlanSnapshot",
    "RevisionSnapshot",
    "SignInLink",
    "Task",
    "TaskList",
    "TaskListSnapshot",
    "TaskSnapshot",
    "Token",
    "Worker",
    "WorkerSnapshot",
]
