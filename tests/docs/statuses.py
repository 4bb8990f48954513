"""The tables of docs/reference/statuses.md as data: the moves of a task, the rules for a list's status."""

from __future__ import annotations

from tests.docs.pages import code, page

PAGE = page("docs/reference/statuses.md")


def moves() -> dict[tuple[str, str], set[str]]:
    """(From, to) → by whose hand."""
    rows = [row for row in PAGE.rows() if len(row) == 3 and code(row[0]) and code(row[1])]
    return {(code(old)[0], code(new)[0]): set(hands.split(", ")) for old, new, hands in rows}


def list_rules() -> list[tuple[str, str]]:
    """(If, status), in order: the first that fits wins."""
    _, _, table = PAGE.section("Of a list").partition("| If | Status |")
    rows = [line.strip("| ").split(" | ") for line in table.partition("\n\n")[0].split("\n")[2:]]
    return [(condition, code(status)[0]) for condition, status in rows]
