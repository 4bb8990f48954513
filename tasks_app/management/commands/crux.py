"""`manage.py crux VERB …`: hands over to the verb, and makes one line and an exit code of whatever comes back."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from django.core.checks import ERROR, WARNING, Tags, run_checks
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from tasks_app.cli import cluster, export, link, offline_model, recipe, run, token, up, watch, web
from tasks_app.errors import BatchRefused, CruxError, NotFound, Refused

FAILED, MISUSE, INTERRUPTED = 1, 2, 130


class Verb(Protocol):
    """A module of tasks_app/cli; those without `HELP` are not shown."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the verb's own arguments."""

    def run(self, options: Mapping[str, Any]) -> int:
        """Do it; the exit code."""


VERBS: Mapping[str, Verb] = {
    "up": up,
    "run": run,
    "watch": watch,
    "export": export,
    "token": token,
    "link": link,
    "offline-model": offline_model,
    "recipe": recipe,
    "cluster": cluster,
    "web": web,
}
PARTS_OF_UP = ("cluster", "web")


class Command(BaseCommand):
    """Crux's own command line."""

    help = "Crux: start it, give it work, watch it, take the results."
    requires_system_checks = ()  # done below, in a line each
    suppressed_base_arguments = {
        "--version", "--verbosity", "--settings", "--pythonpath", "--traceback", "--no-color", "--force-color",
        "--skip-checks",
    }  # fmt: skip

    def add_arguments(self, parser: CommandParser) -> None:
        """The verbs, each with its own; those without help are not shown."""
        verbs = parser.add_subparsers(dest="verb", metavar="VERB")
        for name, verb in VERBS.items():
            about = {"help": verb.HELP, "description": verb.HELP} if hasattr(verb, "HELP") else {}
            verb.add_arguments(verbs.add_parser(name, **about))

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the verb; its exit code is the process's."""
        name = options["verb"]
        if name is None:
            self.print_help("manage.py", "crux")
            return
        if code := _outcome(name, options):
            sys.exit(code)


def _outcome(name: str, options: Mapping[str, Any]) -> int:
    """Run a verb; whatever is wrong is said in a line on stderr, without a traceback."""
    try:
        if name not in PARTS_OF_UP and (code := _misconfigured()):  # for its parts `up` has looked
            return code
        return VERBS[name].run(options)
    except CruxError as error:
        asked_wrongly = isinstance(error, BatchRefused | NotFound | Refused)
        return _say(str(error), MISUSE if asked_wrongly else FAILED)
    except CommandError as error:
        return _say(str(error), error.returncode)
    except DatabaseError as error:
        words = str(error).strip().splitlines() or [type(error).__name__]
        return _say(f"the database says: {words[0]}. `manage.py crux up` makes it ready.", FAILED)
    except BrokenPipeError:  # the reader has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the exit would try to flush again
        return FAILED
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)


def _misconfigured() -> int:
    """Say what the checks of this installation say; MISUSE if it cannot work like this."""
    found = [message for message in run_checks(tags=[Tags.compatibility, Tags.files]) if not message.is_silenced()]
    for message in found:
        if message.level >= WARNING:
            _say(f"{message.id}: {message.msg} {message.hint or ''}".rstrip(), 0)
    return MISUSE if any(message.level >= ERROR for message in found) else 0


def _say(words: str, code: int) -> int:
    sys.stderr.write(f"crux: {words}\n")
    return code
