"""A task's page: live, patient with its reader, and deaf to what a model would like it to do."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.site import card, check_not_reloaded, wait_until_live
from tests.browser.words import HOSTILE
from tests.whole.models import LoopbackModel

pytestmark = pytest.mark.browser


def test_a_transcript_grows_without_a_reload_and_leaves_open_and_focused_what_is(
    visit: Visit, model: LoopbackModel
) -> None:
    model.held.add("Held")
    visitor = visit()
    page = visitor.open(visitor.start("Held to be read"))
    card(page, "Held to be read", "running").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Held to be read")
    page.evaluate("window.loadedOnce = true")
    wait_until_live(page)
    turns = page.locator("#transcript li.turn.tool")
    report = turns.filter(has_text="report_progress")
    expect(report).to_be_visible()
    before = turns.count()
    report.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(report.locator("details")).to_have_attribute("open", "")
    page.locator("header.bar details.menu summary").click()  # one outside of what changes
    report.locator("summary").focus()

    model.held.clear()

    expect(page.locator("#now")).to_contain_text("Done")
    expect(turns.filter(has_text="complete_task")).to_be_visible()
    assert turns.count() > before
    expect(page.locator("#result")).to_contain_text("Summary of Held to be read")
    expect(report.locator("details")).to_have_attribute("open", "")
    expect(report.locator("summary")).to_be_focused()
    expect(page.locator("header.bar details.menu")).to_have_attribute("open", "")
    check_not_reloaded(page)


def test_what_a_model_says_is_shown_as_text_and_does_nothing(visit: Visit, model: LoopbackModel) -> None:
    model.held.add("hostile")
    visitor = visit()
    page = visitor.open(visitor.start("A hostile <b>page</b> {{ 7|add:7 }}"))
    expect(page.locator("li.card .live").first).to_contain_text("<script>document.title = 'taken'</script>")
    model.held.clear()
    done = page.locator('ol[data-column="done"] li.card')
    expect(done).to_contain_text("<script>document.title = 'taken'</script>")
    expect(done).to_contain_text("A hostile <b>page</b> {{ 7|add:7 }}")
    expect(done.locator("script, img, b")).to_have_count(0)

    done.get_by_role("link").click()

    wait_until_live(page)
    expect(page.locator("#result")).to_contain_text(HOSTILE)
    expect(page.locator("#transcript")).to_contain_text("{{ 7|add:7 }} {% now 'Y' %}")
    expect(page.locator("main").locator("script, img, iframe, [onerror], [href^=javascript]")).to_have_count(0)
    assert re.search("taken", page.title()) is None


def test_a_board_keeps_focus_and_open_menus_while_its_cards_change(visit: Visit, model: LoopbackModel) -> None:
    model.held.add("Held")
    visitor = visit()
    page = visitor.open(visitor.start("Held in focus", "Another", "And another", concurrency="1"))
    wait_until_live(page)
    expect(card(page, "Held in focus", "running")).to_be_visible()
    page.locator("details.export summary").click()
    link = card(page, "Held in focus").get_by_role("link")
    link.focus()

    model.held.clear()

    expect(page.locator("#head .pill")).to_have_text("Done")
    expect(card(page, "Held in focus", "done")).to_be_visible()
    expect(link).to_be_focused()
    expect(page.locator("details.export")).to_have_attribute("open", "")
    check_not_reloaded(page)
