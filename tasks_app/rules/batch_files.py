"""Files of a batch: bytes in, text or rows out, and a refusal that names file and line for whatever is wrong.

Pure: nothing here reads a file or a row of the database.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from os.path import splitext
from typing import Any

from tasks_app.conf import conf
from tasks_app.errors import BatchRefused

Rows = Iterator[tuple[int, Mapping[str, Any]]]

_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")  # tab, line ends and form feed are text; the rest of C0 is not
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_KINDS = {str: "a text", list: "an array", bool: "true or false", type(None): "null"}


def text_of(name: str, data: bytes) -> str:
    """The text in a file's bytes, without a byte order mark, its line ends as `\\n`.

    Raises:
        BatchRefused: it is empty, binary, not UTF-8, or larger than a batch may be.
    """
    check_size(name, len(data))
    if data.startswith(_UTF_16):
        raise refusal(name, "this is UTF-16; save it as UTF-8", 1)
    if strange := _BINARY.search(data):
        what = f"byte 0x{strange[0][0]:02x} at offset {strange.start():,} is no text"
        raise refusal(name, f"{what}; binary files are not read", _line_at(data, strange.start()))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start + len(data) - len(error.object)  # its object lacks the byte order mark
        what = f"byte 0x{data[at]:02x} at offset {at:,} is not UTF-8"
        raise refusal(name, f"{what}; save the file as UTF-8", _line_at(data, at)) from None
    if not text.strip():
        raise refusal(name, "there is nothing in it")
    return text.replace("\r\n", "\n")


def check_size(name: str, size: int, *, with_others: bool = False) -> None:
    """Refuse more bytes than a batch may have; `size` is the file's, or all files' so far."""
    if size > conf.max_batch_bytes:
        this_is = "with the files before it this is" if with_others else "this is"
        limit = f"a batch has at most {conf.max_batch_bytes:,} (CRUX_MAX_BATCH_BYTES)"
        raise refusal(name, f"{this_is} {size:,} bytes; {limit}")


def rows_of(name: str, text: str) -> Rows | None:
    """The rows in a `.jsonl` or `.csv` file, each with the line it begins in (from 1); None for any other name.

    Raises:
        BatchRefused: (as it is iterated) a line is not JSON or no object; a CSV row is ragged or its header unclear.
    """
    reader = _readers.get(splitext(name)[1].lower())
    return reader(name, text) if reader else None


def refusal(name: str, why: str, line: int | None = None) -> BatchRefused:
    """The error that says where it is and why."""
    where = name if line is None else f"{name}, line {line:,}"
    return BatchRefused(f"{where}: {why}.")


def _json_rows(name: str, text: str) -> Rows:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise refusal(name, f"not JSON: {error.msg} at character {error.colno:,}", number) from None
        except (ValueError, RecursionError) as error:  # a number of 5,000 digits; brackets without end
            raise refusal(name, f"not JSON that can be read: {error}", number) from None
        if not isinstance(row, dict):
            kind = _KINDS.get(type(row), "a number")
            raise refusal(name, f'a row is an object, not {kind}; write {{"input": …}}', number)
        yield number, row


def _csv_rows(name: str, text: str) -> Rows:
    csv.field_size_limit(min(conf.max_batch_bytes, 2**31 - 1))  # its own, 131,072, is below ours
    reader = csv.reader(io.StringIO(text, newline="\n"), strict=True)
    header: list[str] | None = None
    line = 1  # where the row begins; it may go over several lines
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise refusal(name, f"not CSV: {error}", line) from None
        if row is None:
            return
        if row and header is None:
            header = _header(name, row, line)
        elif row and header is not None:
            if len(row) != len(header):
                raise refusal(name, f"this row has {len(row):,} of the header's {len(header):,} columns", line)
            yield line, dict(zip(header, row, strict=True))
        line = reader.line_num + 1


def _header(name: str, row: Sequence[str], line: int) -> list[str]:
    header = [column.strip() for column in row]
    for number, column in enumerate(header, start=1):
        if not column:
            raise refusal(name, f"column {number} of the header has no name", line)
        if column in header[: number - 1]:
            raise refusal(name, f"the header has two columns {column!r}", line)
    for mark in ";\t":
        if len(header) == 1 and mark in header[0]:
            raise refusal(name, f"columns are separated by commas, and the header has none but {mark!r}", line)
    return header


def _line_at(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


_readers: Mapping[str, Callable[[str, str], Rows]] = {".jsonl": _json_rows, ".csv": _csv_rows}
