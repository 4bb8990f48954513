"""Every `CRUX_*` setting: its type, default, unit and reason. Read once, from the environment alone.

`from tasks_app.conf import conf`, then `conf.lease_seconds`. An empty value is none. One that cannot be read
keeps its default and is reported by the system check `crux.E001`, which stops every command before it does
anything.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field, ValidationError, field_validator

PREFIX = "CRUX_"


class Conf(BaseModel, validate_assignment=True, allow_inf_nan=False):
    """The settings; the environment's name of `lease_seconds` is `CRUX_LEASE_SECONDS`."""

    lease_seconds: float = Field(15, gt=0, le=3600, description="s; a worker that misses three beats of 5 s is dead")
    workers: int = Field(2, ge=1, le=64, description="worker processes of one `crux up`; one a core is enough")
    worker_concurrency: int = Field(
        100, ge=1, le=5000, description="slots a worker process; agents wait for models, so many fit in one"
    )
    list_concurrency: int = Field(
        200, ge=1, le=100_000, description="tasks of a list at once, where the list itself says nothing"
    )
    drain_seconds: float = Field(5, ge=0, le=600, description="s a worker waits for its tasks at stop")
    max_abandoned: int = Field(6, ge=1, le=100, description="attempts a task may lose to dying workers before it fails")
    max_value_bytes: int = Field(
        262_144, ge=1024, description="bytes of one input, result or metadata as JSON; a row stays readable"
    )
    max_batch_bytes: int = Field(52_428_800, ge=1024, description="bytes of all files of one batch")
    max_batch_tasks: int = Field(
        10_000, ge=1, description="tasks added at once; in one transaction, while nobody else writes to SQLite"
    )
    max_steps: int = Field(50, ge=1, description="model calls an attempt; beyond it an agent goes in circles")
    max_tool_calls: int = Field(200, ge=1, description="tool calls an attempt")
    max_tokens: int = Field(200_000, ge=1, description="tokens, in and out, an attempt; the bill's upper end")
    attempt_seconds: float = Field(900, gt=0, description="s an attempt may take in all")
    model: str = Field("", description="the model's name at the endpoint, where agent and task name none")
    prices: dict[str, tuple[float, float]] = Field(
        default_factory=dict, description="JSON: model → [USD a million tokens in, USD a million out]"
    )
    offline_seconds: float = Field(
        0.5, ge=0, le=60, description="s the offline model takes for a call, so that people can watch"
    )
    link_minutes: float = Field(15, gt=0, le=10_080, description="min a sign-in link lives")
    https: bool = Field(False, description="on behind TLS: secure cookies, HSTS, redirect from plain HTTP")

    @field_validator("prices", mode="before")
    @classmethod
    def _from_json(cls, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value


def load(environ: Mapping[str, str]) -> tuple[Conf, list[str]]:
    """The settings in `environ`, and one sentence for each variable that could not be read."""
    given = {name: value for name in Conf.model_fields if (value := environ.get(PREFIX + name.upper()))}
    problems: list[str] = []
    while True:
        try:
            return Conf.model_validate(given), problems
        except ValidationError as error:
            for name in {str(problem["loc"][0]) for problem in error.errors()}:
                reason = next(p["msg"] for p in error.errors() if p["loc"][0] == name)
                problems.append(f"{PREFIX}{name.upper()}={given.pop(name)!r}: {reason}.")


conf, conf_problems = load(os.environ)
