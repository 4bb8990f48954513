import pytest
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


def test_the_browser_that_was_found_runs_scripts(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<p id=here>not yet</p><script>document.getElementById('here').textContent = 'done'</script>")

    assert page.text_content("#here") == "done"
    page.close()
