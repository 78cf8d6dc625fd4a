"""The parser holds on whatever comes, and says nothing that the message does not."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.formats.hl7v2.errors import Condition, MessageError
from negatoscope.formats.hl7v2.escapes import STANDARD, Delimiters, decode, encode
from negatoscope.formats.hl7v2.message import Message, Repetition, Segment
from negatoscope.formats.hl7v2.parser import LARGEST_MESSAGE, parse
from negatoscope.formats.hl7v2.writer import repetition, segment, write

HEADER = rb"MSH|^~\&|HIS|HOSPITAL|||20260310||ORM^O01^ORM_O01|1|P|2.5"


def header(charset: str) -> bytes:
    return HEADER + b"||||||" + charset.encode() + b"\r"


@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_a_named_error(content: bytes) -> None:
    for candidate in (content, HEADER + b"\r" + content):
        with contextlib.suppress(MessageError):
            assert parse(candidate).header.name == "MSH"


leaves = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12).map(str.strip)
repetitions = st.lists(st.lists(leaves, min_size=1, max_size=3).map(tuple), min_size=1, max_size=4).map(tuple).map(Repetition)
fields = st.lists(repetitions, max_size=3).map(tuple)


def _trimmed(entry: Repetition) -> tuple[tuple[str, ...], ...]:
    components = [_strip(list(leaves)) for leaves in entry.components]
    while components and not any(components[-1]):
        components.pop()
    return tuple(components)


def _strip(leaves: list[str]) -> tuple[str, ...]:
    while len(leaves) > 1 and not leaves[-1]:
        leaves.pop()
    return tuple(leaves)


@given(st.lists(fields, min_size=1, max_size=6))
def test_what_is_written_is_read_back(values: list[tuple[Repetition, ...]]) -> None:
    body = Segment("ZZZ", tuple(values))
    opening = segment("MSH", {1: "|", 2: "^~\\&", 9: repetition("ORM", "O01"), 10: "1", 12: "2.5", 18: "UNICODE UTF-8"})
    read = parse(write(Message((opening, body)))).first("ZZZ")
    assert read is not None
    for number in range(1, len(values) + 1):
        said = [_trimmed(entry) for entry in values[number - 1] if not entry.is_empty]
        assert [_trimmed(entry) for entry in read.repetitions(number)] == said


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40))
def test_an_escaped_text_comes_back(text: str) -> None:
    assert decode(encode(text), STANDARD, "utf-8") == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_an_escaped_text_holds_no_separator_and_no_control(text: str) -> None:
    escaped = encode(text)
    assert not set(escaped) & set("|^~&\r\n\x00")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (r"A\T\B", "A&B"),
        (r"\F\\S\\R\\E\\T\ ", r"|^~\& "),
        (r"a\.br\b", "a\nb"),
        (r"a\X0D\b", "a\nb"),
        (r"a\X0D0A\b", "a\nb"),
        (r"\XC3A9\t\XC3A9\ ", "été "),
        (r"\H\gras\N\ ", "gras "),
        (r"\.sp3\x", "\nx"),
        (r"C:\temp", r"C:\temp"),
        (r"C:\temp\x", r"C:\temp\x"),
        (r"\X0\ ", r"\X0\ "),
        ("nul\x00\x07bell", "nulbell"),
        (r"\Zabc\ ", " "),
        (r"\P\ ", "# "),
        ("", ""),
    ],
)
def test_escape_sequences_are_read_as_the_standard_says(written: str, said: str) -> None:
    assert decode(written, STANDARD, "utf-8") == said


def test_an_escaped_return_makes_no_segment() -> None:
    message = parse(header("UNICODE UTF-8") + b"NTE|1||ligne\\X0D\\PID|1||piege\r")
    assert [entry.name for entry in message.segments] == ["MSH", "NTE"]
    note = message.first("NTE")
    assert note is not None
    assert note.text(3) == "ligne\nPID"


def test_an_escape_that_is_no_text_is_refused() -> None:
    with pytest.raises(MessageError) as refused:
        parse(header("UNICODE UTF-8") + b"NTE|1||\\XFF\\\r")
    assert refused.value.condition is Condition.DATA_TYPE_ERROR


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UNICODE UTF-8", "utf-8"),
        ("8859/1", "iso8859-1"),
        ("8859/15", "iso8859-15"),
        ("", "utf-8"),
        ("8859/15~UNICODE UTF-8", "iso8859-15"),
    ],
)
def test_the_declared_character_set_is_used(declared: str, codec: str) -> None:
    text = "Hélène Œuvrard €" if codec in ("utf-8", "iso8859-15") else "Hélène"
    note = parse(header(declared) + f"NTE|1||{text}\r".encode(codec)).first("NTE")
    assert note is not None
    assert note.text(3) == text


@pytest.mark.parametrize(
    ("declared", "body", "location"),
    [
        ("UNICODE UTF-8", b"\xe9", "MSH^1^18"),
        ("ASCII", b"\xc3\xa9", "MSH^1^18"),
        ("", b"\xe9", "MSH^1^18"),
        ("8859/2", b"e", "MSH^1^18"),
    ],
)
def test_another_character_set_than_the_declared_is_refused_not_guessed(declared: str, body: bytes, location: str) -> None:
    with pytest.raises(MessageError) as refused:
        parse(header(declared) + b"NTE|1||" + body + b"\r")
    assert refused.value.location == location


@pytest.mark.parametrize("ending", [b"\r", b"\n", b"\r\n"])
def test_line_endings_of_careless_senders_are_read(ending: bytes) -> None:
    message = parse(HEADER + ending + b"PID|1" + ending + ending)
    assert [entry.name for entry in message.segments] == ["MSH", "PID"]


def test_other_separators_are_used_as_declared() -> None:
    message = parse(b"MSH$%!?+$HIS$$$$20260310$$ORM%O01$1$P$2.5\rPID$1$$17%%%A+B!18?T?x\r")
    assert message.delimiters == Delimiters("$", "%", "!", "?", "+")
    pid = message.require("PID")
    assert pid.text(3, 4, 2) == "B"
    assert pid.repetitions(3)[1].text() == "18+x"


def test_the_fifth_separator_of_2_7_is_known() -> None:
    message = parse(b"MSH|^~\\&#|HIS\rNTE|1||a\\P\\b\r")
    assert message.delimiters.truncation == "#"
    assert message.require("NTE").text(3) == "a#b"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"MSH", b"PID|1\r", b"MSH|^~\\|HIS\r", b"MSH|^^\\&|HIS\r", b"MSH|||||HIS\r", b"MSHA^~\\&AHIS\r",
        HEADER + b"\rpid|1\r", HEADER + b"\rPIDX|1\r", HEADER + b"\r" + HEADER + b"\r", HEADER + b"\r{}\r",
        HEADER + b"\rPID|" + b"|" * 300 + b"\r", HEADER + b"\rPID|1|" + b"~" * 300 + b"\r", HEADER + b"\rPID|1|" + b"^" * 300 + b"\r",
        HEADER + b"\rNTE|1||" + b"&" * 300_000, HEADER + b"\rNTE|1||" + b"\\" * 300_000,
        HEADER + b"\r" + b"NTE|1\r" * 5001, HEADER + b"\rNTE|" + b"x" * LARGEST_MESSAGE,
    ],
    ids=range(18),
)  # fmt: skip
def test_nonsense_is_refused(content: bytes) -> None:
    with pytest.raises(MessageError):
        parse(content)


def test_a_null_field_says_nothing() -> None:
    pid = parse(HEADER + b'\rPID|1||""|x\r').require("PID")
    assert pid.text(3) == ""
    assert pid.require(4) == "x"
    with pytest.raises(MessageError) as refused:
        pid.require(3)
    assert (refused.value.condition, refused.value.location) == (Condition.REQUIRED_FIELD_MISSING, "PID^1^3")


def test_an_error_never_quotes_the_message() -> None:
    with pytest.raises(MessageError) as refused:
        parse(header("UNICODE UTF-8") + b"CANARY-DUPONT|1\r")
    assert "CANARY" not in str(refused.value) + str(refused.value.location)


def test_the_writer_refuses_what_the_receiver_cannot_hold() -> None:
    note = segment("NTE", {3: "Łukasz"})
    with pytest.raises(MessageError):
        write(Message((segment("MSH", {1: "|", 2: "^~\\&"}), note), charset="iso8859-1"))
