"""New batch: lines and files become a batch on the page, or a sentence that says what is wrong."""

import pytest
from playwright.sync_api import FilePayload, expect

from tests.browser.conftest import Visit
from tests.browser.site import cards

pytestmark = pytest.mark.browser


def test_pasted_lines_become_a_batch(visit: Visit) -> None:
    page = visit().open("/")
    page.get_by_role("link", name="New batch").first.click()
    page.get_by_label("Paste lines").fill("Monday's minutes\n\n  Tuesday's minutes  \n")
    expect(page.locator("#preview")).to_contain_text("2 lines")
    page.get_by_label("Title").fill("Minutes of the week")

    page.get_by_role("button", name="Start").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Minutes of the week")
    expect(page.locator("#count-done")).to_have_text("2")
    assert sorted(cards(page, "done")) == ["Monday's minutes", "Tuesday's minutes"]


def test_uploaded_files_become_a_batch(visit: Visit) -> None:
    page = visit().open("/new/")
    page.get_by_label("Upload files").set_input_files(
        [
            upload("notes.md", "# Notes\n\nWords."),
            upload("mail.csv", "id,label,input\nm1,From Ana,Dear all\nm2,From Bo,Hi\n"),
        ]
    )
    expect(page.locator("#preview")).to_contain_text("2 files")

    page.get_by_role("button", name="Start").click()

    expect(page.locator("#count-done")).to_have_text("3")
    assert sorted(cards(page, "done")) == ["From Ana", "From Bo", "notes.md"]


def test_a_bad_file_is_refused_with_its_name_and_line_and_nothing_is_started(visit: Visit) -> None:
    visitor = visit()
    before = visitor.crux.records.lists()
    page = visitor.open("/new/")
    page.get_by_label("Title").fill("Half a batch")
    page.get_by_label("Upload files").set_input_files(
        [upload("good.txt", "Words."), upload("rows.jsonl", '{"input": "one"}\n{"input": oops}\n')]
    )

    page.get_by_role("button", name="Start").click()

    expect(page.get_by_role("alert").filter(has_text="Nothing was started.")).to_contain_text(
        "rows.jsonl, line 2: not JSON"
    )
    expect(page.get_by_label("Title")).to_have_value("Half a batch")
    assert visitor.crux.records.lists() == before
    visitor.complaints.forgive("422")


def upload(name: str, text: str) -> FilePayload:
    """A file as it comes from a disk."""
    return {"name": name, "mimeType": "application/octet-stream", "buffer": text.encode()}
