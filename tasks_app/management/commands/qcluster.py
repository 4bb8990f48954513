"""Stands before django-q2's command of the same name, so that nobody starts a stock cluster by habit."""

from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    """Refuses: a stock cluster knows neither shifts nor how to stop them."""

    help = "Not used here: `manage.py crux up` starts the workers."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the stock options, so that the answer is the sentence below and not their refusal."""
        parser.add_argument("--run-once", action="store_true")
        parser.add_argument("-n", "--name")

    def handle(self, *args: Any, **options: Any) -> NoReturn:
        """Say what to run instead."""
        raise CommandError(
            "Crux's workers are not started by qcluster; run `manage.py crux up`, or `manage.py crux up --no-web`."
        )
