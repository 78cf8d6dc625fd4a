"""The UID grammar, and new UIDs."""

from __future__ import annotations

import pytest

from negatoscope.formats.dicom.transfer_syntaxes import TRANSFER_SYNTAXES
from negatoscope.formats.dicom.uids import is_uid, new_uid, parse_study_uid, parse_uid
from negatoscope.platform.errors import InvalidInput


@pytest.mark.parametrize("text", ["1.2.840.10008.1.2", "0.0", "2.25.1", "1." + "2" * 62, "1.2.3\0"])
def test_parse_uid_takes_what_the_grammar_allows(text: str) -> None:
    assert parse_uid(text) == text.rstrip("\0")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "1.",
        ".1",
        "1..2",
        "1.02",
        "01.2",
        "1.2 ",
        " 1.2",
        "1.2/../../x",
        "1.2\\1.3",
        "1.a",
        "1.٣",
        "1." + "2" * 63,
        "1.2\0\0",
        "1.2\n",
    ],
)
def test_parse_uid_refuses_what_it_does_not(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_uid(text)
    assert caught.value.reason == "bad_uid"
    assert text.strip("\0 ") == "" or len(text) < 2 or text not in str(caught.value)


def test_parse_study_uid_names_its_field() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_study_uid("x")
    assert caught.value.field == "study_instance_uid"


def test_new_uids_differ_and_follow_the_grammar() -> None:
    made = {new_uid() for _ in range(100)} | {new_uid("1.2.826.0.1.3680043.8.498.1") for _ in range(100)}
    assert len(made) == 200
    assert all(is_uid(uid) for uid in made)


def test_new_uid_refuses_a_root_that_leaves_too_few_digits() -> None:
    with pytest.raises(InvalidInput):
        new_uid("1." + "2" * 50)


def test_transfer_syntaxes_have_their_own_uids_and_names() -> None:
    assert all(is_uid(uid) for uid in TRANSFER_SYNTAXES)
    assert len({syntax.name for syntax in TRANSFER_SYNTAXES.values()}) == len(TRANSFER_SYNTAXES)
    assert [s.uid for s in TRANSFER_SYNTAXES.values() if not s.explicit_vr] == ["1.2.840.10008.1.2"]
    assert [s.uid for s in TRANSFER_SYNTAXES.values() if not s.little_endian] == ["1.2.840.10008.1.2.2"]
