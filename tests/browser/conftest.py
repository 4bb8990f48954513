"""One Chromium and one Crux for all browser tests of a run."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser import chromium
from tests.browser.site import Visitor
from tests.browser.words import says
from tests.whole.crux_up import CruxUp
from tests.whole.models import LoopbackModel, on_loopback

Visit = Callable[..., Visitor]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium: this machine's, else Playwright's own."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # sync Playwright keeps a loop under the tests
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def model() -> Iterator[LoopbackModel]:
    """The model of the running Crux: documents that hold the words in `model.held` are not ended meanwhile."""
    with on_loopback(LoopbackModel(says)) as model:
        yield model


@pytest.fixture(autouse=True)
def unheld(model: LoopbackModel) -> Iterator[None]:
    """What a test held goes on when it is over."""
    yield
    model.held.clear()


@pytest.fixture(scope="session")
def crux(model: LoopbackModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CruxUp]:
    """The real `crux up --first-run`, with a scripted model."""
    crux = CruxUp(tmp_path_factory.mktemp("crux"), "--first-run", **model.env)
    try:
        crux.wait_until_well()
        yield crux
    finally:
        crux.end()


@pytest.fixture(scope="session")
def cookies(browser: Browser, crux: CruxUp, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The cookies of one who has signed in by the printed link."""
    path: Path = tmp_path_factory.mktemp("cookies") / "state.json"
    context = browser.new_context()
    page = context.new_page()
    page.goto(crux.link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{crux.url}/")
    context.storage_state(path=path)
    context.close()
    return str(path)


@pytest.fixture
def visit(browser: Browser, crux: CruxUp, cookies: str) -> Iterator[Visit]:
    """Visit the site, signed in; afterwards nothing may have gone wrong in the browser that was not forgiven."""
    visitors: list[Visitor] = []

    def begin(**options: object) -> Visitor:
        visitors.append(Visitor(browser, crux, cookies, **options))
        return visitors[-1]

    yield begin
    for visitor in visitors:
        visitor.context.close()
    assert [complaint for visitor in visitors for complaint in visitor.complaints.found] == []
