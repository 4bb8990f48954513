"""The real Crux for the browser: what a test gives it to do, and what it must never do."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect

from tests.whole.crux_up import CruxUp

WAIT_MS = 30_000  # far more than it takes: a bound, not a measure

expect.set_options(timeout=WAIT_MS)


@dataclass
class Complaints:
    """What the browser complained of, and what it asked of others than the site."""

    site: str
    found: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """Hear all that goes wrong on this page."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"error: {error}"))
        page.on("request", self._request)

    def forgive(self, words: str) -> None:
        """Forget the complaints with these words, which the test has called for; there must be some."""
        kept = [complaint for complaint in self.found if words not in complaint]
        assert kept != self.found
        self.found = kept

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):  # a violation of the Content-Security-Policy is an error
            self.found.append(f"{message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.site, "data:")):
            self.found.append(f"request: {request.url}")


class Visitor:
    """One who is signed in, with a browser context of their own."""

    def __init__(self, browser: Browser, crux: CruxUp, cookies: str, **options: object) -> None:
        self.crux = crux
        self.context: BrowserContext = browser.new_context(base_url=crux.url, storage_state=cookies, **options)  # type: ignore[arg-type]
        self.context.set_default_timeout(WAIT_MS)
        self.complaints = Complaints(crux.url)
        self.context.on("page", self.complaints.listen)

    def start(self, *lines: str, **fields: str) -> str:
        """Start a batch of these lines by posting the form; returns the board's path."""
        form = self.context.request.get("/new/").text()
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
        assert token
        data = {"lines": "\n".join(lines), "agent": "summarizer", "csrfmiddlewaretoken": token[1], **fields}
        made = self.context.request.post("/new/", multipart=dict(data))
        assert made.ok, made.text()
        return made.url.removeprefix(self.crux.url)

    def open(self, path: str) -> Page:
        """A page of the site, in a tab that notices whether it is ever loaded again."""
        page = self.context.new_page()
        page.goto(path)
        page.evaluate("window.loadedOnce = true")
        return page


def wait_until_live(page: Page) -> None:
    """Wait until the pill says so."""
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")


def check_not_reloaded(page: Page) -> None:
    """See that all this happened on one load of the page."""
    assert page.evaluate("window.loadedOnce") is True


def cards(page: Page, column: str) -> list[str]:
    """The labels of the cards in a column."""
    return page.locator(f'ol[data-column="{column}"] h3').all_inner_texts()


def card(page: Page, label: str, column: str = "") -> Locator:
    """The card of this label, in this column if one is named."""
    inside = page.locator(f'ol[data-column="{column}"]') if column else page.locator("#board")
    return inside.locator("li.card").filter(has=page.get_by_role("link", name=label, exact=True))
