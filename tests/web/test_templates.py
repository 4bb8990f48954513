import re
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import get_template

from tasks_app.web import task_pages
from tasks_app.web.snapshots import Role
from tasks_app.web.task_snapshots import AttemptRow, Turn
from tests.web.snapshots import NOON, a_card, a_column, a_head, a_task

ROOT = Path(__file__).parent.parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
EVIL = '<script>alert(1)</script><img src=x onerror="alert(2)">'


def part(name: str, *, role: Role = "operator", **context: Any) -> str:
    return str(get_template(name).render(context | {"role": role}))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_an_inline_style_or_script_or_an_address_elsewhere(path: Path) -> None:
    text = path.read_text()

    assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)|javascript:|https?://", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_marks_what_it_shows_as_safe(path: Path) -> None:
    assert not re.search(r"\|safe|autoescape|safeseq", path.read_text())


@pytest.mark.parametrize("column", ["todo", "running", "waiting", "done", "failed", "skipped", "cancelled"])
def test_what_a_model_wrote_is_text_on_every_card(column: str) -> None:
    card = a_card(column=column, key=EVIL, label=EVIL, line=EVIL, agent=EVIL)
    html = part("boards/board.html#card", card=card)

    assert html.count("&lt;script&gt;") >= 4
    assert "<script" not in html
    assert "<img" not in html


def test_what_a_model_wrote_is_text_in_a_result_and_a_transcript() -> None:
    turns = (Turn("assistant", EVIL), Turn("tool", EVIL, name=EVIL, arguments=EVIL), Turn("user", EVIL))
    attempt = AttemptRow(1, "failed", "host:1", NOON, NOON, 1.0, error=EVIL, turns=turns)
    task = a_task(has_result=True, result={EVIL: EVIL, "list": [EVIL], "deep": {"x": {EVIL: 1}}}, attempts=(attempt,))
    html = part("boards/task.html#result", task=task) + part("boards/task.html#transcript", task=task)

    assert "<script" not in html
    assert "<img" not in html


@pytest.mark.parametrize("column", ["todo", "running", "waiting", "failed", "skipped", "cancelled"])
def test_a_card_has_its_button_for_an_operator_and_none_for_a_viewer(column: str) -> None:
    card = a_card(column=column)

    assert part("boards/board.html#card", card=card).count("hx-post") == 1
    assert "hx-post" not in part("boards/board.html#card", role="viewer", card=card)


def test_what_is_being_cancelled_says_so_and_cannot_be_cancelled_again() -> None:
    html = part("boards/board.html#card", card=a_card(cancelling=True))

    assert "Cancelling…" in html
    assert "hx-post" not in html


@pytest.mark.parametrize("role", ["operator", "viewer"])
def test_no_part_holds_a_form_token(role: Role) -> None:
    board, task = {"head": a_head(), "column": a_column(), "card": a_card()}, a_task(can_retry=True)
    names = ("head", "facts", "column", "count", "tally", "more", "card")
    html = "".join(part(f"boards/board.html#{name}", role=role, **board) for name in names)
    html += "".join(part(f"boards/task.html#{name}", role=role, task=task) for name in task_pages.PARTS)

    assert "csrf" not in html


def test_each_part_is_one_element_with_the_id_that_the_socket_replaces() -> None:
    context: dict[str, Any] = {"head": a_head(), "column": a_column(), "card": a_card()}
    ids = {"head": "head", "facts": "facts", "count": "count-running", "tally": "tally-running", "more": "more-running"}

    for name, element in (ids | {"card": "task-7"}).items():
        html = part(f"boards/board.html#{name}", **context).strip()
        tag = re.match(r"<(\w+)[^>]*>", html)
        assert tag is not None
        assert f'id="{element}"' in tag[0]
        assert html.endswith(f"</{tag[1]}>")


def test_a_paused_list_offers_to_go_on_and_a_finished_one_offers_neither() -> None:
    assert "Resume" in part("boards/board.html#head", head=a_head(pauses=("person",)))
    assert "Pause" in part("boards/board.html#head", head=a_head())
    assert "hx-post" not in part("boards/board.html#head", head=a_head(finished=True))


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
def test_an_error_page_needs_no_context(name: str) -> None:
    assert "Crux" in get_template(name).render()
