"""The documentation as tests see it: pages, the blocks of code in them, their headings and links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = "```"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `line` is that of its fence."""

    language: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of Markdown; `name` is its path from the root."""

    name: str
    text: str

    @property
    def path(self) -> Path:
        return ROOT / self.name

    @property
    def blocks(self) -> list[Block]:
        """Its blocks of code, in order."""
        found: list[Block] = []
        lines: list[str] | None = None
        language, start = "", 0
        for number, line in enumerate(self.text.split("\n"), start=1):
            if not line.startswith(FENCE):
                if lines is not None:
                    lines.append(line)
            elif lines is None:
                language, start, lines = line.removeprefix(FENCE), number, []
            else:
                found.append(Block(language, start, "\n".join(lines)))
                lines = None
        assert lines is None, f"{self.name}, line {start}: the block has no end"
        return found

    @property
    def prose(self) -> str:
        """The text without its blocks of code."""
        return re.sub(rf"^{FENCE}.*?^{FENCE}$", "", self.text, flags=re.M | re.S)

    @property
    def anchors(self) -> set[str]:
        """What a link to a heading of it may say after the #."""
        headings = re.findall(r"^#+ (.+)$", self.prose, re.M)
        return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    def section(self, heading: str) -> str:
        """The text under a heading of the second level."""
        _, _, rest = self.text.partition(f"\n## {heading}\n")
        assert rest, f"{self.name} has no section {heading!r}"
        return rest.partition("\n## ")[0]

    def rows(self) -> list[list[str]]:
        """The cells of all its tables, headings among them."""
        lines = [line for line in self.prose.split("\n") if line.startswith("|")]
        return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def code(cell: str) -> list[str]:
    """What stands in a cell between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def page(name: str) -> Page:
    """A page by its path from the root."""
    return Page(name, (ROOT / name).read_text())


def pages() -> list[Page]:
    """All of them."""
    paths = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [page(str(path.relative_to(ROOT))) for path in sorted(paths)]
