"""Files and lines that become batches, and all the ways in which they are refused."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tasks_app.conf import conf
from tasks_app.errors import BatchRefused, DependencyRefused, DuplicateTaskId, UnknownAgent
from tasks_app.models import Event, Task, TaskList
from tasks_app.rules.values import is_id
from tasks_app.services import batches
from tasks_app.services.tasks import NewTask
from tests.builders import ALICE, check_books, kinds

BOM = b"\xef\xbb\xbf"


def refused(name: str, data: bytes) -> str:
    """The words with which the file is refused."""
    with pytest.raises(BatchRefused) as refusal:
        batches.read(name, data)
    return str(refusal.value)


@pytest.mark.parametrize("name", ["notes.txt", "docs/notes.md", "LICENSE", "CSV", ".csv", "page.html"])
def test_a_text_is_one_task_whose_id_and_label_are_its_path(name: str) -> None:
    (task,) = batches.read(name, b"One.\nTwo.\n")
    assert (task.id, task.label, task.input) == (name, name, "One.\nTwo.\n")


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_a_text() -> None:
    (task,) = batches.read("a.txt", BOM + "Grüße.\r\nEnde\r\n".encode())
    assert task.input == "Grüße.\nEnde\n"


def test_a_line_of_jsonl_is_a_task_and_its_id_is_given_or_file_and_line() -> None:
    rows = b'{"id": 7, "label": "Seven", "input": [1]}\r\n\r\n{"text": "x"}\n{"id": null, "input": null}'
    seven, three, four = batches.read("in/rows.jsonl", BOM + rows)
    assert (seven.id, seven.label, seven.input) == ("7", "Seven", [1])
    assert (three.id, three.label, three.input) == ("in/rows.jsonl:3", "in/rows.jsonl:3", {"text": "x"})
    assert (four.id, four.input) == ("in/rows.jsonl:4", None)


def test_a_row_without_an_input_is_itself_the_input_whole() -> None:
    (task,) = batches.read("a.jsonl", b'{"id": "a", "label": "A", "agent": "Smith", "priority": "high"}')
    assert task.input == {"id": "a", "label": "A", "agent": "Smith", "priority": "high"}
    assert (task.agent, task.priority) == ("", 0)


def test_beside_an_input_a_row_may_name_agent_priority_and_what_it_depends_on() -> None:
    (task,) = batches.read("a.jsonl", b'{"id":"b","input":1,"agent":"writer","priority":2,"depends_on":["a"]}')
    assert (task.agent, task.priority, task.depends_on) == ("writer", 2, ("a",))
    _, task = batches.read("a.csv", b"id,input,priority,depends_on\na,x,,\nb,y,-1,a; c d\n")
    assert (task.priority, task.depends_on) == (-1, ("a", "c d"))


def test_a_csv_row_is_a_task_and_may_go_over_several_lines() -> None:
    data = b'id, label ,text\r\na,A,"one\r\ntwo, ""three"""\r\n\r\n,,four\r\n'
    one, two = batches.read("t.csv", data)
    assert (one.id, one.label, one.input) == ("a", "A", {"id": "a", "label": "A", "text": 'one\ntwo, "three"'})
    assert (two.id, two.label) == ("t.csv:5", "t.csv:5")


def test_a_csv_field_may_be_as_large_as_a_value() -> None:
    (task,) = batches.read("t.csv", b"input\n" + b"x" * (conf.max_value_bytes - 2))
    assert len(task.input) == conf.max_value_bytes - 2


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", b"", "a.txt: there is nothing in it."),
        ("a.txt", BOM + b" \n\t\n", "a.txt: there is nothing in it."),
        ("a.jsonl", b"\n\n", "a.jsonl: there is nothing in it."),
        ("a.csv", b"\r\n", "a.csv: there is nothing in it."),
        ("a.csv", b"id,input\n", "a.csv, line 1: there is a header and no row."),
        ("a.png", b"\x89PNG\r\n\x1a\n\0", "a.png, line 2: byte 0x1a at offset 6 is no text; binary files"),
        ("a.txt", b"one\ntwo\0", "a.txt, line 2: byte 0x00 at offset 7 is no text"),
        ("a.txt", b"one\ncaf\xe9\n", "a.txt, line 2: byte 0xe9 at offset 7 is not UTF-8"),
        ("a.txt", BOM + b"\ncaf\xe9\n", "a.txt, line 2: byte 0xe9 at offset 7 is not UTF-8"),
        ("a.txt", "one".encode("utf-16"), "a.txt, line 1: this is UTF-16; save it as UTF-8."),
        ("a.jsonl", b'{"a": 1}\n{"a": \n', "a.jsonl, line 2: not JSON: Expecting value at character 7."),
        ("a.jsonl", b'{"a": 1}\n["a"]\n', "a.jsonl, line 2: a row is an object, not an array"),
        ("a.jsonl", b'{"a": 1}{"b": 2}', "a.jsonl, line 1: not JSON: Extra data"),
        ("a.jsonl", b"[" * 100_000, "a.jsonl, line 1: not JSON that can be read"),
        ("a.jsonl", b'{"a": ' + b"9" * 5000 + b"}", "a.jsonl, line 1: not JSON that can be read"),
        ("a.jsonl", b'{"a": NaN}', "a.jsonl, line 1: the input is not JSON"),
        ("a.jsonl", b'{"input": "\\ud800"}', "a.jsonl, line 1: the input holds half a surrogate pair"),
        ("a.jsonl", b'{"id": []}', "a.jsonl, line 1: the id is no text."),
        ("a.jsonl", b'{"id": true}', "a.jsonl, line 1: the id is no text."),
        ("a.jsonl", b'{"id": "a\\u0000"}', "a.jsonl, line 1: an id has 1 to 200 characters"),
        ("a.jsonl", b'{"id": "a"}\n{"id": "b"}\n{"id": "a"}', "line 3: the id 'a' is that of line 1 too"),
        ("a.jsonl", b'{"input": 1, "priority": "soon"}', "line 1: the priority is a whole number, not 'soon'."),
        ("a.jsonl", b'{"input": 1, "priority": 1.5}', "line 1: the priority is a whole number, not '1.5'."),
        ("a.jsonl", b'{"input": 1, "depends_on": {"a": 1}}', "line 1: depends_on is a list of ids."),
        ("a.jsonl", b'{"input": 1, "depends_on": ["\\ud800"]}', "line 1: depends_on is a list of ids."),
        ("a.csv", b"id,input\na,1\nb\n", "a.csv, line 3: this row has 1 of the header's 2 columns."),
        ("a.csv", b"id,input\n\na,1,2\n", "a.csv, line 3: this row has 3 of the header's 2 columns."),
        ("a.csv", b"id,,input\n", "a.csv, line 1: column 2 of the header has no name."),
        ("a.csv", b"id,id \n", "a.csv, line 1: the header has two columns 'id'."),
        (
            "a.csv",
            b"id;input\na;1\n",
            "a.csv, line 1: columns are separated by commas, and the header has none but ';'",
        ),
        ("a.csv", b'id,input\na,1\nb,"2\n', "a.csv, line 3: not CSV: unexpected end of data."),
        ("a.csv", b'id,input\na,"1"2\n', "a.csv, line 2: not CSV"),
        ("a" * 201, b"text", "its path is the task's id, which has at most 200 characters"),
    ],
)
def test_a_wrong_file_is_refused_in_words_that_name_it_and_the_line(name: str, data: bytes, words: str) -> None:
    assert words in refused(name, data)


@pytest.mark.parametrize(("name", "line"), [("a.txt", 2), ("a.jsonl", 1), ("a.csv", 2)])
def test_a_line_of_50_megabytes_is_refused_by_its_number(name: str, line: int) -> None:
    start = {"a.txt": b"short\n", "a.jsonl": b'{"text": "', "a.csv": b"text\n"}[name]
    end = b'"}' if name == "a.jsonl" else b""
    words = refused(name, start + b"x" * 50_000_000 + end)
    assert words.startswith(f"{name}, line {line}: the input is 50,000,0")
    assert "CRUX_MAX_VALUE_BYTES" in words


def test_a_text_of_many_lines_that_is_too_large_is_refused_without_a_line() -> None:
    assert refused("a.txt", b"line\n" * conf.max_value_bytes).startswith("a.txt: the input is ")


def test_a_batch_of_too_many_bytes_is_refused_by_the_file_that_is_one_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conf, "max_batch_bytes", 1024)
    half = b"x" * 600
    assert refused("a.txt", half * 2) == "a.txt: this is 1,200 bytes; a batch has at most 1,024 (CRUX_MAX_BATCH_BYTES)."
    with pytest.raises(BatchRefused, match=r"^b.txt: with the files before it this is 1,200 bytes"):
        batches.read_all([("a.txt", half), ("b.txt", half)])
    assert [task.id for task in batches.read_all([("a.txt", half), ("b.txt", b"x")])] == ["a.txt", "b.txt"]


def test_a_file_of_too_many_rows_is_refused_by_the_line_that_is_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "max_batch_tasks", 2)
    assert "a.csv, line 4: a batch has at most 2 tasks (CRUX_MAX_BATCH_TASKS)" in refused("a.csv", b"a\n1\n2\n3\n")


@given(
    st.sampled_from(["a.txt", "a.jsonl", "a.csv"]),
    st.binary() | st.text().map(str.encode) | st.text('",;\n\r {}[]:ab1\\u').map(str.encode),
)
@example("a.csv", b'a\n"')
def test_whatever_is_in_a_file_it_becomes_tasks_or_is_refused_by_name(name: str, data: bytes) -> None:
    try:
        found = batches.read(name, data)
    except BatchRefused as refusal:
        words = str(refusal)
        if not words.startswith(name):
            raise
    else:
        assert found
        assert all(is_id(task.id) for task in found)
        assert len({task.id for task in found}) == len(found)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("aé\n\u2028\"'"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz"), inner, max_size=3),
    max_leaves=10,
)


@given(st.lists(json_values, min_size=1, max_size=5), st.booleans())
def test_every_input_that_json_can_say_comes_through_jsonl_unchanged(inputs: list[object], ascii_only: bool) -> None:
    lines = [json.dumps({"input": value}, ensure_ascii=ascii_only) for value in inputs]
    assert [task.input for task in batches.read("a.jsonl", "\n".join(lines).encode())] == inputs


def test_each_pasted_line_that_is_not_blank_is_a_task_and_may_come_twice() -> None:
    found = batches.lines("one\r\n\n  two  \none\n")
    assert [(task.id, task.label, task.input) for task in found] == [
        ("line-1", "one", "one"),
        ("line-3", "two", "two"),
        ("line-4", "one", "one"),
    ]


def test_blank_text_is_no_task() -> None:
    assert batches.lines(" \r\n\n") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\nb\0", "pasted text, line 2: byte 0x00 at offset 3 is no text"),
        ("a\n" + "b" * 300_000, "pasted text, line 2: the input is 300,002 bytes"),
    ],
)
def test_pasted_text_is_refused_like_a_file(text: str, words: str) -> None:
    with pytest.raises(BatchRefused) as refusal:
        batches.lines(text)
    assert words in str(refusal.value)


@pytest.mark.django_db
def test_a_started_batch_is_one_list_of_all_tasks() -> None:
    new = batches.read_all([("a.txt", b"A"), ("b.jsonl", b'{"id":"b","input":1,"depends_on":["a.txt"]}')])
    started = batches.start("Docs", new, agent="writer", known_agents=["writer"], concurrency=3, actor=ALICE)
    assert (started.title, started.agent, started.concurrency, started.total) == ("Docs", "writer", 3, 2)
    assert started.started_at is not None
    assert kinds(started) == ["list.created", "task.added", "task.added", "list.started"]
    assert list(Task.objects.order_by("position").values_list("key", "waiting_for")) == [("a.txt", 0), ("b", 1)]
    check_books(started)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("new", "error", "words"),
    [
        ([], BatchRefused, "nothing to do"),
        ([NewTask(id="a"), NewTask(id="a")], DuplicateTaskId, "'a' is given twice"),
        ([NewTask(id="a", depends_on=["b"]), NewTask(id="b", depends_on=["a"])], DependencyRefused, "'a' → 'b' → 'a'"),
        ([NewTask(id="a", depends_on=["z"])], DependencyRefused, "'z'"),
        ([NewTask(id="a", agent="riter")], UnknownAgent, "There is no agent 'riter'. Known agents: critic, writer."),
    ],
)
def test_a_batch_that_cannot_be_leaves_no_row(new: list[NewTask], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        batches.start("Docs", new, agent="writer", known_agents=["writer", "critic"], actor=ALICE)
    assert not TaskList.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_a_list_made_with_tasks_is_not_started_and_may_have_none() -> None:
    made = batches.make("Chapters", [NewTask(id="a"), NewTask(id="b", depends_on=["a"])], actor=ALICE)

    assert (made.started_at, made.counts["pending"]) == (None, 2)
    assert batches.make("Chapters", [], actor=ALICE).total == 0
    check_books(made)


@pytest.mark.django_db
def test_a_list_with_a_task_that_is_refused_is_not_made() -> None:
    with pytest.raises(DuplicateTaskId):
        batches.make("Chapters", [NewTask(id="a"), NewTask(id="a")], actor=ALICE)

    assert (TaskList.objects.count(), Event.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_an_agent_nobody_registered_is_refused_before_a_row_is_written() -> None:
    with pytest.raises(UnknownAgent, match="Known agents: none"):
        batches.start("Docs", [NewTask(id="a")], agent="", known_agents=[], actor=ALICE)
    assert not TaskList.objects.exists()


def test_reading_writes_nothing_and_asks_no_database(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("# A")
    assert batches.read(str(path), path.read_bytes())[0].id == str(path)
