"""The public names of Crux: `from tasks_app.crux import agent, worker, tool`."""

from tasks_app.agents.agent import Agent
from tasks_app.agents.contexts import Context, context
from tasks_app.agents.creation_tools import CreationTool, create_plan_tool, create_task_list_tool
from tasks_app.agents.drafts import Assignee, TaskChanges, TaskDraft
from tasks_app.agents.generate import Generation, generate
from tasks_app.agents.list_handle import TaskListHandle
from tasks_app.agents.plan_agent import PlanAgent, plan_agent
from tasks_app.agents.plans import PlanHandle, create_plan
from tasks_app.agents.prompt import Prompt, prompt
from tasks_app.agents.registry import agent, worker
from tasks_app.agents.scope import CurrentAttempt, current_attempt, stop_requested
from tasks_app.agents.steps import has_tool_call, step_count_is
from tasks_app.agents.task_list_agent import TaskListAgent, task_list_agent
from tasks_app.agents.task_worker import TaskWorker, task_worker
from tasks_app.agents.tasklist import create_handle, tasklist
from tasks_app.agents.tools import Tool, tool
from tasks_app.crossing import run_sync
from tasks_app.errors import (
    AttemptLost,
    CruxError,
    DependencyRefused,
    DuplicateTaskId,
    IllegalTransition,
    ModelError,
    PipelineStepFailed,
    PlanNotFound,
    TaskListDiscarded,
    TaskListNotFound,
    TaskNotFound,
    UnknownAgent,
    ValueRefused,
)
from tasks_app.llm.model import Model
from tasks_app.llm.scripted import ScriptedModel, call, reply
from tasks_app.models import AttemptSnapshot, PlanSnapshot, RevisionSnapshot, TaskListSnapshot, TaskSnapshot
from tasks_app.patterns.members import Outcome
from tasks_app.patterns.parallel import ParallelResult, Settled, parallel
from tasks_app.patterns.pipeline import PipelineResult, Step, pipeline
from tasks_app.patterns.results import Results

__all__ = [
    "Agent",
    "Assignee",
    "AttemptLost",
    "AttemptSnapshot",
    "Context",
    "CreationTool",
    "CruxError",
    "CurrentAttempt",
    "DependencyRefused",
    "DuplicateTaskId",
    "Generation",
    "IllegalTransition",
    "Model",
    "ModelError",
    "Outcome",
    "ParallelResult",
    "PipelineResult",
    "PipelineStepFailed",
    "PlanAgent",
    "PlanHandle",
    "PlanNotFound",
    "PlanSnapshot",
    "Prompt",
    "Results",
    "RevisionSnapshot",
    "ScriptedModel",
    "Settled",
    "Step",
    "TaskChanges",
    "TaskDraft",
    "TaskListAgent",
    "TaskListDiscarded",
    "TaskListHandle",
    "TaskListNotFound",
    "TaskListSnapshot",
    "TaskNotFound",
    "TaskSnapshot",
    "TaskWorker",
    "Tool",
    "UnknownAgent",
    "ValueRefused",
    "agent",
    "call",
    "context",
    "create_handle",
    "create_plan",
    "create_plan_tool",
    "create_task_list_tool",
    "current_attempt",
    "generate",
    "has_tool_call",
    "parallel",
    "pipeline",
    "plan_agent",
    "prompt",
    "reply",
    "run_sync",
    "step_count_is",
    "stop_requested",
    "task_list_agent",
    "task_worker",
    "tasklist",
    "tool",
    "worker",
]
