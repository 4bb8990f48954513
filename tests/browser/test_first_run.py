"""What a newcomer sees: the printed link, and the first batch on a live board."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.site import Complaints, cards, check_not_reloaded, wait_until_live
from tests.whole.crux_up import CruxUp
from tests.whole.crux_up import crux as manage

pytestmark = pytest.mark.browser


@pytest.fixture
def new(tmp_path: Path) -> Iterator[CruxUp]:
    """A Crux nobody has looked at, with the offline model."""
    new = CruxUp(tmp_path, "--first-run")
    yield new
    new.end()


def test_the_first_60_cards_move_to_done_without_a_reload(browser: Browser, new: CruxUp) -> None:
    context = browser.new_context()
    page = context.new_page()
    complaints = Complaints(new.url)
    complaints.listen(page)
    new.wait_until_well()

    page.goto(new.link)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="The standard library of Python").click()
    page.evaluate("window.loadedOnce = true")
    wait_until_live(page)
    seen = {int(page.locator("#count-done").inner_text())}
    while max(seen) < 60 and new.tree.process.poll() is None:
        expect(page.locator("#count-done")).not_to_have_text(str(max(seen)))
        seen.add(int(page.locator("#count-done").inner_text()))

    assert len(seen) > 10, "they move one after the other, as they are done"
    expect(page.locator("#head .pill")).to_have_text("Done")
    assert [len(cards(page, column)) for column in ("todo", "running", "done")] == [0, 0, 30]
    expect(page.locator("#more-done")).to_have_text("30 more in Done")
    assert len(set(cards(page, "done"))) == 30
    check_not_reloaded(page)
    assert complaints.found == []
    context.close()


def test_a_printed_link_signs_in_once_and_only_by_its_button(browser: Browser, crux: CruxUp) -> None:
    link = manage(crux.records.home, "link").strip()
    context = browser.new_context()
    page = context.new_page()
    page.goto(link)
    page.reload()  # looking at it, as mail scanners do, does not use it up
    expect(page.get_by_role("heading")).to_have_text("Welcome")

    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", name="Lists")).to_be_visible()
    refused = page.goto(link)
    assert refused is not None
    assert refused.status == 410
    expect(page.get_by_role("heading")).to_have_text("This link no longer works")
    expect(page.get_by_role("button", name="Sign in")).to_have_count(0)
    context.close()
