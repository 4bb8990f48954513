"""A refused result is mended once, if the refusal names what the text has."""

from __future__ import annotations

from typing import Any

import pytest

from tests.llm.test_offline import STRING, TOOLS, assignment, tool, work

TEXT = "Tides rise and fall twice a day. The tables are at https://example.org/tides and are free."
SUMMARY = TEXT


def refused(error: str, complete: Any = TOOLS[2], **more: Any) -> list[tuple[str, Any]]:
    answer = {"ok": False, "error": error, **more}
    return work(assignment(TEXT), [complete, TOOLS[3]], complete_task=answer)


@pytest.mark.parametrize(
    "error",
    [
        "The result must include a sources array.",
        "The result must hold 'sources', a list of addresses.",
        "sources: Field required; give a list",
    ],
)
def test_a_missing_field_is_added_to_a_free_result(error: str) -> None:
    (_, first), (_, second), (last, why), _ = refused(error)

    assert first == {"result": SUMMARY}
    assert second == {"result": {"summary": SUMMARY, "sources": ["https://example.org/tides"]}}
    assert (last, error in why["error"]) == ("fail_task", True)  # and not mended for ever


def test_a_missing_text_is_added_to_a_tool_without_fields() -> None:
    bare = tool("complete_task")
    (_, first), (_, second), *_ = refused("`title` is missing", bare)

    assert (first, second) == ({}, {"title": "Tides rise and fall twice a day."})


@pytest.mark.parametrize(
    ("error", "more"),
    [
        ("This is too long.", {}),
        ("The result must be 'better'? No.", {"allowed": []}),
        ("The task 'intro' must be running.", {"status": "completed", "allowed": ["pending"]}),
    ],
)
def test_what_names_nothing_to_add_fails_at_once(error: str, more: dict[str, Any]) -> None:
    assert [name for name, _ in refused(error, **more)] == ["complete_task", "fail_task", "text"]


def test_what_the_schema_names_was_filled_already_and_is_not_tried_again() -> None:
    complete = tool("complete_task", sources={"type": "array", "items": STRING})
    done = refused("`author` is missing", complete)

    assert done[0] == ("complete_task", {"sources": ["https://example.org/tides"]})
    assert [name for name, _ in done] == ["complete_task", "fail_task", "text"]


def test_a_refusal_that_only_says_error_is_one() -> None:
    done = work(assignment(TEXT), [*TOOLS[2:]], complete_task={"error": "no"})

    assert done[1] == ("fail_task", {"error": "The result was refused: no"})


def test_a_text_without_links_is_its_own_source() -> None:
    complete = tool("complete_task", sources={"type": "array", "items": STRING}, links={"type": "array"})
    done = work(assignment("Tides rise and fall."), [complete])

    assert done[0] == ("complete_task", {"sources": ["Tides rise and fall."], "links": []})
