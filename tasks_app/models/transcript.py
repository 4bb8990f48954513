"""What was said to a model and what it cost: model calls and messages of an attempt."""

from __future__ import annotations

from django.db import models

from tasks_app.models.attempt import Attempt


class ModelCall(models.Model):
    """One call of a model: its usage, its cost, or the error it ended in."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="model_calls")
    number = models.PositiveIntegerField(help_text="from 1, in the attempt")
    model = models.CharField(max_length=200, blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=16, decimal_places=8, null=True, blank=True, help_text="USD")
    seconds = models.FloatField(default=0)
    finish_reason = models.CharField(max_length=40, blank=True, default="")
    error = models.TextField(blank=True, default="")
    ended_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attempt", "number"], name="one_model_call_a_number")]

    def __str__(self) -> str:
        return f"call {self.number} of {self.model}"


class Message(models.Model):
    """One message of an attempt's conversation, as it went over the wire; each is stored once."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="messages")
    position = models.PositiveIntegerField(help_text="dense, from 1")
    role = models.CharField(max_length=20)
    body = models.JSONField(help_text="the Chat Completions message")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attempt", "position"], name="one_message_a_position")]

    def __str__(self) -> str:
        return f"{self.role} {self.position}"
