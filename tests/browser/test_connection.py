"""A board that loses its server, or has no socket at all."""

import os
import re
import signal

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.conftest import Visit
from tests.browser.site import cards, check_not_reloaded, wait_until_live
from tests.whole.models import LoopbackModel
from tests.workers.processes import running, until

pytestmark = pytest.mark.browser


def test_a_board_survives_the_kill_of_the_web_server_and_shows_all_it_missed(
    visit: Visit, model: LoopbackModel
) -> None:
    visitor = visit()
    model.held.add("Held")
    path = visitor.start(*[f"Held {n}" for n in range(8)], *[f"Page {n}" for n in range(12)], concurrency="4")
    page = visitor.open(path)
    wait_until_live(page)
    expect(page.locator("#count-running")).to_have_text("4 / 4")
    pill = page.locator("#connection")
    victim = visitor.crux.web

    os.kill(victim, signal.SIGKILL)

    expect(pill).to_have_attribute("data-state", "reconnecting")
    expect(pill).to_contain_text(re.compile(r"showing data as of \d\d:\d\d:\d\d"))
    model.held.clear()  # the batch goes on while nobody sees it
    until(lambda: not running(victim), "its death")
    wait_until_live(page)
    expect(page.locator("#count-done")).to_have_text("20")
    expect(page.locator("#head .pill")).to_have_text("Done")
    assert sorted(cards(page, "done")) == sorted([f"Held {n}" for n in range(8)] + [f"Page {n}" for n in range(12)])
    assert [page.locator(f"#count-{column}").inner_text() for column in ("todo", "running", "failed")] == [
        "0",
        "0",
        "0",
    ]
    assert page.locator("#board li.card").count() == 20
    check_not_reloaded(page)
    visitor.complaints.forgive("WebSocket connection to")


def test_without_sockets_the_page_polls_and_the_cards_still_move(visit: Visit, model: LoopbackModel) -> None:
    visitor = visit()
    model.held.add("polled")
    path = visitor.start("A polled page", "Another polled page")
    visitor.context.route_web_socket(re.compile("/ws/"), refuse)
    page = visitor.open(path)

    expect(page.locator("#connection")).to_have_attribute("data-state", "polling")
    assert cards(page, "done") == []
    model.held.clear()

    expect(page.locator("#count-done")).to_have_text("2")
    assert sorted(cards(page, "done")) == ["A polled page", "Another polled page"]
    expect(page.locator("#connection")).to_contain_text("Polling")
    check_not_reloaded(page)


def refuse(socket: WebSocketRoute) -> None:
    """As a proxy that knows no sockets."""
    socket.close(code=1011)
