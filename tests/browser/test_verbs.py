"""Stepping in on a board: cancel, retry, pause, resume; by mouse and by keyboard alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.site import card, check_not_reloaded, wait_until_live
from tests.whole.models import LoopbackModel

pytestmark = pytest.mark.browser

Press = Callable[[Page, Locator], None]
MANY_TABS = 60  # more than there are things to tab to


def by_mouse(page: Page, button: Locator) -> None:
    """Point at it, then click."""
    button.hover()
    button.click()


def by_keyboard(page: Page, button: Locator) -> None:
    """Tab until it has the focus, then Enter."""
    page.locator("body").press("Tab")
    for _ in range(MANY_TABS):
        if button.evaluate("node => node === document.activeElement"):
            expect(button).to_have_css("opacity", "1")
            page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not reach it")


both_ways = pytest.mark.parametrize("press", [by_mouse, by_keyboard])


@both_ways
def test_a_running_and_a_waiting_task_are_cancelled_on_the_board(
    visit: Visit, model: LoopbackModel, press: Press
) -> None:
    model.held.add("Held")
    visitor = visit()
    page = visitor.open(visitor.start("Held now", "Held next", concurrency="1"))
    wait_until_live(page)
    expect(card(page, "Held now", "running")).to_be_visible()

    press(page, page.get_by_role("button", name="Cancel Held next"))
    expect(page.locator("#count-todo")).to_have_text("0")
    expect(page.locator("#count-cancelled")).to_have_text("1")
    press(page, page.get_by_role("button", name="Cancel Held now"))

    expect(page.locator("#count-running")).to_have_text("0")
    expect(page.locator("#count-cancelled")).to_have_text("2")
    expect(page.locator("#board li.card")).to_have_count(0)
    check_not_reloaded(page)


@both_ways
def test_a_failed_task_is_retried_on_the_board(visit: Visit, model: LoopbackModel, press: Press) -> None:
    visitor = visit()
    page = visitor.open(visitor.start("It fails"))
    wait_until_live(page)
    failed = card(page, "It fails", "failed")
    expect(failed).to_contain_text("Nothing to be done about It fails")
    model.held.add("fails")

    press(page, failed.get_by_role("button", name="Retry It fails"))

    again = card(page, "It fails", "running")
    expect(again).to_contain_text("attempt 2")
    expect(failed).to_have_count(0)
    model.held.clear()
    expect(failed).to_contain_text("attempt 2")
    check_not_reloaded(page)


def test_a_button_that_was_pressed_by_keyboard_leaves_the_focus_to_its_successor(
    visit: Visit, model: LoopbackModel
) -> None:
    model.held.add("Held")
    visitor = visit()
    page = visitor.open(visitor.start("Held"))
    wait_until_live(page)
    expect(card(page, "Held", "running")).to_be_visible()

    by_keyboard(page, page.get_by_role("button", name="Pause"))

    expect(page.get_by_role("button", name="Resume")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Pause")).to_be_focused()


@both_ways
def test_a_list_is_paused_and_resumed_on_the_board(visit: Visit, model: LoopbackModel, press: Press) -> None:
    model.held.add("Held")
    visitor = visit()
    page = visitor.open(visitor.start("Held first", "Second", "Third", concurrency="1"))
    wait_until_live(page)
    expect(card(page, "Held first", "running")).to_be_visible()

    press(page, page.get_by_role("button", name="Pause"))
    expect(page.locator("#head .pill")).to_have_text("Paused")
    model.held.clear()
    expect(card(page, "Held first", "done")).to_be_visible()
    expect(page.locator("#facts")).to_contain_text("Paused: what runs will finish, nothing new is claimed.")
    expect(page.locator("#count-todo")).to_have_text("2")
    press(page, page.get_by_role("button", name="Resume"))

    expect(page.locator("#count-done")).to_have_text("3")
    expect(page.locator("#head .pill")).to_have_text("Done")
    check_not_reloaded(page)


def test_a_double_click_cancels_once_and_says_nothing(visit: Visit, model: LoopbackModel) -> None:
    model.held.add("Held")
    visitor = visit()
    path = visitor.start("Held once", "Held on")
    page = visitor.open(path)
    wait_until_live(page)
    button = page.get_by_role("button", name="Cancel Held once")
    expect(card(page, "Held once", "running")).to_be_visible()

    button.dblclick()

    expect(page.locator("#count-cancelled")).to_have_text("1")
    expect(page.locator("#toasts")).to_be_empty()
    assert visitor.crux.records.events(path.split("/")[2]).count("task.cancelled") == 1


def test_of_two_people_the_second_is_told_that_it_is_too_late(visit: Visit, model: LoopbackModel) -> None:
    model.held.add("Held")
    visitor = visit()
    path = visitor.start("Held by two", "Held on")
    page = visitor.open(path)
    wait_until_live(page)
    expect(card(page, "Held by two", "running")).to_be_visible()
    page.evaluate("document.querySelector('[aria-label=\"Cancel Held by two\"]').id = 'kept'")
    other = visitor.open(path)
    stale = page.locator("#kept").get_attribute("hx-post")
    other.get_by_role("button", name="Cancel Held by two").click()
    expect(page.locator("#count-cancelled")).to_have_text("1")

    page.evaluate("address => htmx.ajax('POST', address, {swap: 'none'})", stale)

    expect(page.locator("#toasts")).to_contain_text("Task 'line-1' is already cancelled; retry it to run it again.")
    visitor.complaints.forgive("409")
