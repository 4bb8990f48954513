"""The sentences in a text (Markdown, reStructuredText, a docstring, plain words), without code and markup."""

from __future__ import annotations

import html
import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Prose", "read_prose", "words_in"]

_WORD = re.compile(r"[^\W\d_](?:[\w'\u2019-]*\w)?")
_FENCE = re.compile(r"\s*(```|~~~)")
_UNDERLINE = re.compile(r"\s*([=~\-^\"'*#+:.])\1{2,}\s*$")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_BULLET = re.compile(r"\s*(?:[-*+•]|\(?\d{1,3}[.)])\s+")
_ADMONITION = re.compile(r"\s*\.\.\s+(?:note|warning|tip|important|caution|hint|attention)::\s*(.*)", re.I)
_DIRECTIVE = re.compile(r"\s*(?:\.\.(?:\s|$)|:\w[\w ]*:\s)")
_DOCTEST = re.compile(r"\s*(?:>>>|In \[\d+\]:)")
_ENTRY = re.compile(r"\s*[\w.*]+(?:\(.*?\))?\s+--?\s")  # "name -- what it is"
_CODE = re.compile(
    r"""\s*(?:
      (?:import|from|return|raise|print|elif|else|try|except|with|async|await|const|let|var)\b.*[:()=;]\s*$
    | (?:def|class)\s\w+.*: | import\s[\w.]+(?:\sas\s\w+)?$ | from\s[\w.]+\simport\s
    | [\w.\[\]]+\s*[-+*/|]?=\s | \w+=["'(\w]
    | [\w.]+\(.*(?:\)\s*(?:\#|->|=|:|;|$)|,\s*$)
    | [$%]\s | @\w | \#
    | \|.*\|                 # a table's row, drawn
    | \S(?:.*\S)?\s{3,}\S    # a table's row, in columns
    | [{}\[\]();,.\s]+$
    )""",
    re.X,
)
_HIDDEN = (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"))
_TAG = re.compile(
    r"</?(?:a|b|i|u|s|p|br|hr|em|strong|code|pre|kbd|sub|sup|small|div|span|img|table|thead|tbody|tr|td|th|ul|ol|li"
    r"|dl|dt|dd|h[1-6]|details|summary|center|font|picture|source|blockquote|html|head|body|title|section|article"
    r")\b[^<>]*>",
    re.I,
)
_INLINE = (  # every run is bounded: without that, ten thousand opening brackets take minutes
    (re.compile(r"\s+"), " "),
    (re.compile(r"!\[[^\[\]]{0,300}\]\([^()]{0,500}\)"), ""),
    (
        re.compile(r"\[([^\[\]]{1,300})\](?:\([^()\s]{0,500}(?:\s\"[^\"]{0,200}\")?\)|\[[^\[\]]{0,100}\])"),
        r"\1",
    ),
    (re.compile(r":[\w:+-]{1,40}:`[~!]?([^`<]{1,300}?)(?: ?<[^<>`]{0,500}>)?`"), r"\1"),
    (re.compile(r"`{1,3}([^`<]{1,300}?)(?: ?<[^<>`]{0,500}>)?`{1,3}_{0,2}"), r"\1"),
    (re.compile(r" ?\(?<(?:https?|ftp|mailto):[^<>\s]{0,500}>\)?"), ""),
    (re.compile(r" ?\((?:https?|ftp)://[^()\s]{0,500}\)"), ""),
    (_TAG, ""),
    (re.compile(r"\*\*(\S(?:[^*]{0,300}\S)?)\*\*"), r"\1"),
    (re.compile(r"(?<![\w*])\*(\S(?:[^*]{0,300}[^\s*])?)\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<![\w_])_([^\s_](?:[^_]{0,300}[^\s_])?)_(?![\w_])"), r"\1"),
    (re.compile(r" +"), " "),
    (re.compile(r" ([,.;!?])(?= |$)"), r"\1"),
)
_STOP = re.compile(
    r"[.!?\u2026]{1,8}[\"'\u201d\u2019)\]]{0,8}\s+(?=[\"'\u201c\u2018(\[]*[^\W_a-z])|(?<=[\u3002\uff01\uff1f])\s*"
)
_ANY_STOP = re.compile(r"[.!?;]{1,8}[\"'\u201d\u2019)\]]{0,8}\s+")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[\"'])(?:e\.g|i\.e|vs|cf|dr|mrs?|ms|prof|fig|no|al|st|ca|approx|resp|z\.b|[^\W\d_]"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.$",
    re.I,
)
LONGEST_ABBREVIATION = 8  # characters, with what stands before it
RUN_ON_WORDS = 60  # a longer sentence has lost its full stops; take any


@dataclass(frozen=True, slots=True)
class Prose:
    """What a text says in sentences."""

    title: str
    """The heading it opens with, or empty."""
    paragraphs: tuple[tuple[str, ...], ...]
    """Sentences by paragraph; headings, code, tables and markup are gone."""
    words: int

    @property
    def sentences(self) -> tuple[str, ...]:
        """All sentences in order."""
        return tuple(sentence for paragraph in self.paragraphs for sentence in paragraph)


def read_prose(text: str) -> Prose:
    """The prose of a text; of a JSON value, that of the strings in it."""
    title = ""
    paragraphs: list[tuple[str, ...]] = []
    for is_heading, block in _blocks(_unwrapped(text)):
        clean = _plain(block)
        if is_heading:
            title = title or ("" if paragraphs else clean)
        elif sentences := tuple(_sentences(clean)):
            paragraphs.append(sentences)
    return Prose(title, tuple(paragraphs), words_in(text))


def words_in(text: str) -> int:
    """How many words there are, in any script: runs of letters."""
    return sum(1 for _ in _WORD.finditer(text))


def _unwrapped(text: str) -> str:
    """The text itself; rows of a table or of JSON lines come as JSON and hold it in their strings."""
    stripped = text.strip()
    if stripped[:1] in ('"', "{", "["):
        try:
            value = json.loads(stripped)
        except (ValueError, RecursionError):
            value = text
        leaves = list(_strings(value))
        # A row's long strings are its text; the short ones (a name, a date) matter only without them.
        long = [leaf for _, leaf in leaves if words_in(leaf) >= 5]
        text = "\n\n".join(long or [f"{key}: {leaf}." if key else leaf for key, leaf in leaves])
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for opening, closing in _HIDDEN:
        text = _without(text, opening, closing)
    return textwrap.dedent(text.expandtabs(4))


def _without(text: str, opening: str, closing: str) -> str:
    """The text without what stands between the two, in one pass; what never closes stays."""
    kept, place = [], 0
    while (begin := text.find(opening, place)) >= 0 and (end := text.find(closing, begin)) >= 0:
        kept.append(text[place:begin])
        place = end + len(closing)
    return " ".join([*kept, text[place:]]) if kept else text


def _strings(value: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    if depth > 20:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _strings(inner, str(name), depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner, key, depth + 1)
    elif value is not None:
        yield key, str(value)


class _Blocks:
    """A reader of lines that knows where it stands: in a paragraph, a fence, a literal block, a session."""

    def __init__(self) -> None:
        self.found: list[tuple[bool, str]] = []
        self._lines: list[str] = []
        self._indent = 0  # of the last line of prose
        self._fenced = False
        self._session = False  # an interactive session: to the next blank line
        self._below: int | None = None  # a literal block: every line indented deeper than this

    def read(self, line: str) -> None:
        """Take the next line."""
        indent = len(line) - len(line.lstrip())
        if self._lines and _UNDERLINE.match(line) and not self._fenced:
            self.flush(heading=len(self._lines) == 1)
        elif _FENCE.match(line):
            self.flush()
            self._fenced = not self._fenced
        elif self._fenced:
            return
        elif not line.strip():
            if self._lines and self._lines[-1].endswith("::"):
                self._below = self._indent
            self._session = False
            self.flush()
        elif not self._session and (self._below is None or indent <= self._below):
            self._below, self._indent = None, indent
            self._read_prose(line, indent)

    def _read_prose(self, line: str, indent: int) -> None:
        if heading := _HEADING.match(line):
            self.flush()
            self.found.append((True, heading[1]))
        elif admonition := _ADMONITION.match(line):
            self.flush()
            self._lines.extend(filter(None, [admonition[1]]))
        elif _DOCTEST.match(line):
            self.flush()
            self._session = True
        elif _DIRECTIVE.match(line):
            self.flush()
            self._below = indent
        elif _CODE.match(line) or _UNDERLINE.match(line):
            self.flush()
        elif bullet := _BULLET.match(line):
            self.flush()
            self._lines.append(line[bullet.end() :].strip())
        else:
            if _ENTRY.match(line):
                self.flush()
            self._lines.append(line.strip().removeprefix("> "))

    def flush(self, *, heading: bool = False) -> None:
        """End the paragraph."""
        if self._lines:
            self.found.append((heading, " ".join(self._lines)))
            self._lines.clear()


def _blocks(text: str) -> list[tuple[bool, str]]:
    """Paragraphs and list entries as (is a heading, text on one line), code left out."""
    reader = _Blocks()
    for line in text.split("\n"):
        reader.read(line)
    reader.flush()
    return reader.found


def _plain(block: str) -> str:
    for pattern, replacement in _INLINE:
        block = pattern.sub(replacement, block)
    return html.unescape(block).strip()


def _sentences(block: str) -> Iterator[str]:
    for sentence in _split(block, _STOP):
        if words_in(sentence) <= RUN_ON_WORDS:
            yield from filter(_is_prose, [sentence])
        else:
            yield from filter(_is_prose, _split(sentence, _ANY_STOP))


def _split(block: str, stop: re.Pattern[str]) -> Iterator[str]:
    begin = 0
    for match in stop.finditer(block):
        before = block[max(begin, match.start() - LONGEST_ABBREVIATION) : match.start() + 1]
        if not _ABBREVIATION.search(before):
            yield block[begin : match.end()].strip()
            begin = match.end()
    if rest := block[begin:].strip():
        yield rest


def _is_prose(sentence: str) -> bool:
    """Whether it reads as words: code and symbols that slipped through do not."""
    letters = sum(char.isalpha() or char.isspace() for char in sentence)
    return letters >= 0.7 * len(sentence) and any(map(str.isalpha, sentence))
