"""The public names of Crux: `from tasks_app.crux import agent, worker, tool`."""

from tasks_app.agents.agent import Agent
from tasks_app.agents.contexts import Context, context
from tasks_app.agents.creation_tools import create_plan_tool, create_task_list_tool
from tasks_app.agents.generate import Generation, generate
from tasks_app.agents.list_handle import TaskListHandle
from tasks_app.agents.plan_agent import plan_agent
from tasks_app.agents.plans import PlanHandle, create_plan
from tasks_app.agents.prompt import Prompt, prompt
from tasks_app.agents.registry import agent, worker
from tasks_app.agents.scope import CurrentAttempt, current_attempt, stop_requested
from tasks_app.agents.steps import has_tool_call, step_count_is
from tasks_app.agents.task_worker import task_worker
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
from tasks_app.llm.scripted import ScriptedModel
from tasks_app.models import AttemptSnapshot, TaskListSnapshot, TaskSnapshot
from tasks_app.patterns.members import Outcome
from tasks_app.patterns.parallel import ParallelResult, Settled, parallel
from tasks_app.patterns.pipeline import PipelineResult, Step, pipeline
from tasks_app.patterns.results import Results

__all__ = [
    "Agent",
    "AttemptLost",
    "AttemptSnapshot",
    "Context",
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
    "PlanHandle",
    "PlanNotFound",
    "Prompt",
    "Results",
    "ScriptedModel",
    "Settled",
    "Step",
    "TaskListDiscarded",
    "TaskListHandle",
    "TaskListNotFound",
    "TaskListSnapshot",
    "TaskNotFound",
    "TaskSnapshot",
    "Tool",
    "UnknownAgent",
    "ValueRefused",
    "agent",
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
    "run_sync",
    "step_count_is",
    "stop_requested",
    "task_worker",
    "tasklist",
    "tool",
    "worker",
]
