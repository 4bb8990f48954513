"""Links lead somewhere, and every page is reached."""

import re

import pytest

from tests.docs.pages import ROOT, Page, page, pages

PICTURES = ROOT / "docs" / "screenshots"
LINK = re.compile(r"\]\(([^)\s]+)\)")


def _links(of: Page) -> list[tuple[str, str]]:
    """Path and anchor of each link into this repository."""
    found = (link.partition("#") for link in LINK.findall(of.prose) if "://" not in link)
    return [(path, anchor) for path, _, anchor in found]


@pytest.mark.parametrize("of", pages(), ids=lambda of: of.name)
def test_a_link_leads_to_a_page_and_to_a_heading_of_it(of: Page) -> None:
    for path, anchor in _links(of):
        target = (of.path.parent / path).resolve() if path else of.path
        if target.parent == PICTURES and not PICTURES.exists():
            continue  # the pictures are taken by the browser's tests
        assert target.exists(), f"{of.name} links to {path}"
        if anchor:
            assert anchor in page(str(target.relative_to(ROOT))).anchors, f"{of.name} links to {path}#{anchor}"


def test_every_page_is_reached_from_the_index() -> None:
    index = page("docs/index.md")
    linked = {(index.path.parent / path).resolve() for path, _ in _links(index)}

    assert {of.path for of in pages()} - linked - {index.path} == set()
