"""All pages: light, quiet, at home on a phone, and on speaking terms with the browser."""

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.conftest import Visit
from tests.browser.site import Visitor, cards, wait_until_live

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
QUIET_MS = 4_000
HEAVIEST_BYTES = 120_000
MOST_REQUESTS = 10


@pytest.fixture
def visitor(visit: Visit) -> Visitor:
    return visit()


def finished(visitor: Visitor) -> str:
    """The path of a list that is done, with a failure."""
    path = visitor.start(*[f"Page {n}" for n in range(40)], "It fails")
    page = visitor.open(path)
    expect(page.locator("#count-done")).to_have_text("40")
    expect(page.locator("#count-failed")).to_have_text("1")
    page.close()
    return path


def pages_of(path: str) -> list[str]:
    """Every kind of page there is for one who is signed in."""
    task = f"{path}tasks/line-1/"
    return ["/", "/new/", path, f"{path}columns/done/", task, "/admin/", "/nowhere/", "/sign-in/"]


def test_no_page_breaks_the_policy_or_asks_for_anything_elsewhere(visitor: Visitor) -> None:
    path = finished(visitor)
    for address in pages_of(path):
        page = visitor.open(address)
        page.wait_for_load_state("load")
        if page.locator("#connection").count():
            wait_until_live(page)
        page.close()
    visitor.complaints.forgive("404")


def test_nothing_changes_on_a_page_where_nothing_happens(visitor: Visitor) -> None:
    page = visitor.open(finished(visitor))
    wait_until_live(page)
    expect(page.locator("#foot")).to_contain_text(" 0 of 200 slots")  # as the workers' next beats say
    page.wait_for_timeout(1_500)  # the frame that brought it, and a tick of the clock

    changes = page.evaluate(
        """quiet => new Promise(resolve => {
            const seen = [];
            const observer = new MutationObserver(changes => seen.push(
                ...changes.map(change => `${change.type} of ${change.target.id || change.target.nodeName}`)));
            const everything = {subtree: true, childList: true, attributes: true, characterData: true};
            observer.observe(document.documentElement, everything);
            setTimeout(() => resolve(seen), quiet);
        })""",
        QUIET_MS,
    )

    assert changes == []


def test_a_first_visit_is_light(visit: Visit) -> None:
    path = finished(visit())
    for address in ("/", path, "/new/"):
        first = visit()  # with an empty cache
        page = first.context.new_page()
        answers = heard(page)
        page.goto(address, wait_until="load")

        sizes = [answer.request.sizes() for answer in answers]
        weight = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
        assert 0 < len(answers) <= MOST_REQUESTS
        assert 10_000 < weight <= HEAVIEST_BYTES


def test_on_a_phone_the_board_is_one_column_with_a_switcher(visit: Visit) -> None:
    visitor = visit(**PHONE)
    page = visitor.open(finished(visitor))
    wait_until_live(page)
    done, failed = page.locator("#column-done"), page.locator("#column-failed")

    page.get_by_role("radio", name="Done").check(force=True)
    expect(done).to_be_visible()
    expect(failed).to_be_hidden()
    page.get_by_role("radio", name="Failed").check(force=True)

    expect(failed).to_be_visible()
    expect(done).to_be_hidden()
    assert cards(page, "failed") == ["It fails"]
    page.reload()
    expect(failed).to_be_visible()
    expect(page.locator(".column:visible")).to_have_count(1)


def test_no_page_scrolls_sideways_on_a_phone(visit: Visit) -> None:
    visitor = visit(**PHONE)
    path = finished(visitor)
    for address in ("/", "/new/", path, f"{path}columns/done/", f"{path}tasks/line-1/", "/sign-in/"):
        page = visitor.open(address)
        assert too_wide(page) == [], address
        page.close()


def heard(page: Page) -> list[Response]:
    """All answers that come for a page, as they come."""
    answers: list[Response] = []

    def hear(answer: Response) -> None:
        answers.append(answer)

    page.on("response", hear)
    return answers


def too_wide(page: Page) -> list[str]:
    """What makes a page scroll sideways."""
    found: list[str] = page.evaluate(
        """() => {
            const width = document.documentElement.clientWidth, all = [...document.querySelectorAll("body *")];
            if (document.documentElement.scrollWidth <= width) return [];
            const wide = all.filter(node => node.getBoundingClientRect().right > width + 1);
            return wide.map(node => node.tagName + "." + node.className);
        }"""
    )
    return found
