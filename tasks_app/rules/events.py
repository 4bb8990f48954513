"""The closed list of event kinds: a public contract. A kind is never renamed, only added."""

LIST_KINDS = frozenset(
    f"list.{what}" for what in ("created", "started", "paused", "resumed", "changed", "finished", "discarded")
)
TASK_KINDS = frozenset(
    f"task.{what}"
    for what in (
        "added",
        "changed",
        "removed",
        "awaiting_approval",
        "approved",
        "rejected",
        "started",
        "progress",
        "completed",
        "failed",
        "released",
        "abandoned",
        "skipped",
        "cancelled",
        "retried",
    )
)
PLAN_KINDS = frozenset({"plan.created", "plan.changed"})
KINDS = LIST_KINDS | TASK_KINDS | PLAN_KINDS
