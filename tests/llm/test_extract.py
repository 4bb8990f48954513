from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_app.llm.extract import digest
from tasks_app.llm.prose import read_prose
from tests.llm.conftest import unhurried

MARKDOWN = """\
# Tidal power

![a picture](tide.png) Tidal power turns the **rise and fall** of the tides into [electricity](https://x.example/y).
Unlike wind, tides can be predicted for centuries, e.g. by Dr. Doodson's method.

```python
turbine = build("Barrage. Not a sentence.")
```

## Barrages

A barrage dams an estuary and lets the tide through turbines. The barrage at La Rance has worked since 1966.
It was cheap to run.

| place | MW |
|-------|----|
| Rance | 240 |

- Lagoons need no estuary.
- They cost more.

Copyright 2020 the authors. All rights reserved.
"""

DOCSTRING = """
    heapq -- keep a heap in a list.

    :func:`heappush` adds an item to the *heap* and ``heappop`` takes the smallest one from it::

        >>> heappush(heap, 1)
        heap = [1]

    .. note:: The smallest item of the heap is always heap[0].

    >>> heap
    [1]

    The module counts from zero.
"""


def test_markup_code_and_tables_are_no_prose() -> None:
    prose = read_prose(MARKDOWN)
    assert prose.title == "Tidal power"
    assert prose.sentences == (
        "Tidal power turns the rise and fall of the tides into electricity.",
        "Unlike wind, tides can be predicted for centuries, e.g. by Dr. Doodson's method.",
        "A barrage dams an estuary and lets the tide through turbines.",
        "The barrage at La Rance has worked since 1966.",
        "It was cheap to run.",
        "Lagoons need no estuary.",
        "They cost more.",
        "Copyright 2020 the authors.",
        "All rights reserved.",
    )


def test_a_docstring_is_read_without_its_roles_and_examples() -> None:
    assert read_prose(DOCSTRING).sentences == (
        "heapq -- keep a heap in a list.",
        "heappush adds an item to the heap and heappop takes the smallest one from it::",
        "The smallest item of the heap is always heap[0].",
        "The module counts from zero.",
    )


def test_an_underlined_line_is_a_heading_whatever_underlines_it() -> None:
    for line in ("====", "----", "~~~~", "^^^^"):
        prose = read_prose(f"Tides\n{line}\n\nThey rise and they fall.")
        assert (prose.title, prose.sentences) == ("Tides", ("They rise and they fall.",))


def test_a_heading_further_down_is_not_the_title() -> None:
    assert read_prose("They rise and fall.\n\n# Barrages\n\nA dam.").title == ""


def test_rows_and_json_are_read_by_their_strings() -> None:
    row = '{"id": 7, "name": "Rance", "text": "The barrage has worked since 1966. It was cheap."}'
    assert read_prose(row).sentences == ("The barrage has worked since 1966.", "It was cheap.")
    assert "name: Rance" in " ".join(read_prose('{"id": 7, "name": "Rance"}').sentences)
    assert read_prose('"A string that is JSON."').sentences == ("A string that is JSON.",)


def test_the_summary_is_three_telling_sentences_in_their_order() -> None:
    read = digest(MARKDOWN)
    assert read.title == "Tidal power"
    assert len(read.chosen) == 3
    assert read.chosen[0] == "Tidal power turns the rise and fall of the tides into electricity."
    assert [read_prose(MARKDOWN).sentences.index(sentence) for sentence in read.chosen] == [0, 1, 2]
    assert read.summary == " ".join(read.chosen)


def test_key_terms_are_what_it_is_about() -> None:
    terms = digest(MARKDOWN).terms
    assert terms[:2] == ("Tidal", "power")
    assert {"barrage", "tides"} <= {term.lower() for term in terms}


def test_a_short_text_is_its_own_summary() -> None:
    assert digest("Tides rise. Tides fall.").summary == "Tides rise. Tides fall."
    assert digest("wrap and fill text").summary == "wrap and fill text."


def test_an_empty_text_has_nothing() -> None:
    read = digest(" \n\t")
    assert (read.title, read.summary, read.terms, read.words) == ("", "", (), 0)


def test_code_alone_is_summed_up_by_its_first_lines() -> None:
    assert digest("x = 1\nimport os\n").summary == "x = 1. import os."


def test_a_sentence_without_end_is_cut_at_a_word() -> None:
    summary = digest("endless " * 500).summary
    assert len(summary) <= 320
    assert summary.endswith("endless…")


def test_other_scripts_have_sentences_too() -> None:
    assert digest("潮汐は予測できる。風は予測できない。").sentences == 2
    assert digest("Приливы предсказуемы. Ветер нет.").sentences == 2


@pytest.mark.parametrize("text", [MARKDOWN, DOCSTRING, "Tides rise. " * 50])
def test_the_same_text_gives_the_same_digest(text: str) -> None:
    assert digest(text) == digest(text)


@pytest.mark.parametrize(
    "piece",
    [
        "a ",
        "[a",
        "![a](",
        "`a",
        ":a:`b",
        "<a ",
        "<http:",
        "(http://",
        "*a ",
        "_a",
        "! ",
        '."',
        "A. ",
        "<!--",
        "|a",
        "a -- ",
    ],
)
def test_hostile_texts_end(piece: str) -> None:
    """Some of these took minutes while a pattern had no bound; a hang is the failure."""
    assert digest(piece * (150_000 // len(piece))).words >= 0


PIECES = st.sampled_from(
    [*"#*`_<>[]().:|-= \n\t\"'", "word", "Two words. ", "\n\n", "```", "{", "}", "é", "。", "\x00"]
)


@unhurried
@given(st.text() | st.lists(PIECES, max_size=200).map("".join))
def test_every_text_is_digested_and_nothing_is_made_up(text: str) -> None:
    read = digest(text)
    assert len(read.chosen) <= 3
    assert len(read.terms) <= 6
    assert all(len(sentence) <= 321 for sentence in read.chosen)
    lowered = text.lower()
    for term in read.terms:
        assert term.lower() in lowered or "&" in text or "\\u" in text or "<" in text or "`" in text or "*" in text
