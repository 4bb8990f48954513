"""The command itself: help, misuse, keys, and what is said when something is wrong."""

import re
import socket
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.checks import Error, Warning
from django.db import OperationalError
from django.test import override_settings

from tasks_app.cli import accounts, address, token
from tasks_app.errors import ModelError
from tasks_app.management.commands import crux as command
from tasks_app.services import access
from tests.cli.console import Console

pytestmark = pytest.mark.django_db


def test_without_a_verb_it_shows_its_help_without_the_parts_of_up(crux: Console) -> None:
    answer = crux()
    assert answer.code == 0
    for verb in ("up", "run", "watch", "export", "token", "link", "offline-model"):
        assert re.search(rf"^    {verb}\b", answer.out, re.M)
    assert not re.search(r"^    (cluster|web)\b", answer.out, re.M)


def test_an_unknown_verb_or_option_is_misuse(crux: Console) -> None:
    assert crux("fly").code == 2
    assert crux("link", "--fly").code == 2


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ModelError("The model said no."), 1, "crux: The model said no.\n"),
        (OperationalError("no such table: tasks_app_task\nmore"), 1, "crux: the database says: no such table"),
        (KeyboardInterrupt(), 130, "crux: interrupted\n"),
    ],
)
def test_trouble_is_one_line_and_an_exit_code(
    crux: Console, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: str
) -> None:
    def run(options: object) -> int:
        raise error

    monkeypatch.setattr(token, "run", run)
    answer = crux("token", "importer")
    assert (answer.code, answer.err.count("\n")) == (code, 1)
    assert answer.err.startswith(words)


def test_an_installation_that_cannot_work_is_said_before_anything_is_done(
    crux: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Warning("Odd.", id="crux.W009"), Error("Bad.", hint="Mend it.", id="crux.E009")]
    monkeypatch.setattr(command, "run_checks", lambda tags: found)
    answer = crux("token", "importer")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "crux: crux.W009: Odd.\ncrux: crux.E009: Bad. Mend it.\n"


def test_a_token_is_printed_once_and_opens_as_its_owner(crux: Console) -> None:
    alice = User.objects.create_user("alice")
    answer = crux("token", "importer")
    assert answer.code == 0
    assert access.owner_of_token(answer.out.strip()) == alice
    assert crux("token", " ").code == 2


def test_keys_are_for_the_operator_or_the_only_account_or_whom_one_names(crux: Console) -> None:
    assert "There is no account" in crux("token", "t").err
    alice = User.objects.create_user("alice")
    User.objects.create_user("bob", is_active=False)
    assert access.owner_of_token(crux("token", "t").out.strip()) == alice
    carol = User.objects.create_user("carol")
    answer = crux("token", "t")
    assert (answer.code, answer.err) == (2, "crux: There are several accounts; say which with --user.\n")
    assert access.owner_of_token(crux("token", "t", "--user", "carol").out.strip()) == carol
    assert "no active account 'bob'" in crux("token", "t", "--user", "bob").err
    operator = accounts.operator()
    assert access.owner_of_token(crux("token", "t").out.strip()) == operator


def test_the_operator_has_no_password_and_may_do_everything() -> None:
    operator = accounts.operator()
    assert (operator.is_staff, operator.is_superuser, operator.has_usable_password()) == (True, True, False)
    assert accounts.operator() == operator


def test_a_link_leads_to_where_the_site_was_last_served(crux: Console, tmp_path: Path) -> None:
    operator = accounts.operator()
    with override_settings(HOME=tmp_path):
        assert crux("link").out.startswith("http://127.0.0.1:8000/link/")
        address.remember("http://127.0.0.1:9000")
        link = crux("link").out.strip()
        assert crux("link", "--url", "https://crux.example/").out.startswith("https://crux.example/link/")
    found = re.fullmatch(r"http://127\.0\.0\.1:9000/link/([\w-]+)/", link)
    assert found is not None
    assert access.use_link(found[1]) == operator


def test_a_taken_port_is_misuse_in_one_line_for_site_and_offline_model(crux: Console) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for verb in ("up", "offline-model"):
            answer = crux(verb, "--port", port)
            assert answer.code == 2
            words = f"crux: Cannot listen on 127.0.0.1:{port}: Address already in use. Choose another with --port.\n"
            assert answer.err == words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "65536"], "a port is a number from 0 to 65535, not '65536'"),
        (["--port", "web"], "a port is a number from 0 to 65535, not 'web'"),
        (["--host", "192.0.2.1", "--port", "0"], "Cannot listen on 192.0.2.1:0: "),
        (["--workers", "0"], "CRUX_WORKERS='0'"),
        (["--workers", "many"], "CRUX_WORKERS='many'"),
        (["--concurrency", ""], "argument --concurrency: a number is missing"),
        (["--no-web", "--no-workers"], "nothing to start"),
    ],
)
def test_up_refuses_what_it_cannot_do(crux: Console, arguments: list[str], words: str) -> None:
    answer = crux("up", *arguments)
    assert answer.code == 2
    assert words in answer.err


def test_an_address_that_is_everywhere_is_shown_as_one_to_open() -> None:
    assert address.url("0.0.0.0", 80) == "http://127.0.0.1:80"
    assert address.url("::", 80) == "http://[::1]:80"
    assert address.url("10.0.0.7", 80) == "http://10.0.0.7:80"
