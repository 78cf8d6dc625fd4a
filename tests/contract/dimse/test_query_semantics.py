"""C-FIND beyond the baseline: what is agreed on by extended negotiation, names in three scripts, cancellation, hostile keys."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID
from sqlalchemy import text

from negatoscope.access.model import device_subject
from negatoscope.doors.dimse.command_set import DATA_SET_FOLLOWS, Command, CommandField, decode_command
from negatoscope.doors.dimse.finding import PAGE, Pages, read_request
from negatoscope.doors.dimse.limits import Limits
from negatoscope.doors.dimse.messages import command_units
from negatoscope.doors.dimse.pdu_encoding import encode_pdu
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.associations import EXPLICIT, a_message, a_request
from tests.builders.dicom import a_ct_slice, a_dx_image, bare_bytes
from tests.contract.dimse.conftest import RawPeer
from tests.contract.dimse.peers import Answer, associated_with_options, find

STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
ALL = bytes((1, 1, 1, 1, 1, 1, 1))


def an_identifier(level: str, **keys: object) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier


def ask(port: int, identifier: Dataset, options: bytes | None = None) -> list[Answer]:
    with associated_with_options(port, STUDY_ROOT, options) as association:
        return find(association, identifier, STUDY_ROOT)


def statuses(answers: list[Answer]) -> list[int]:
    return [status for status, _ in answers]


@pytest.mark.parametrize(
    ("proposed", "answered"),
    [(ALL, bytes((1, 1, 0, 0, 0, 1, 0))), (b"\x01", b"\x01"), (b"\0\x01\x01", b"\0\x01\0"), (None, None)],
)
def test_what_is_proposed_is_answered_honestly_and_at_its_length(
    port: int, proposed: bytes | None, answered: bytes | None
) -> None:
    with associated_with_options(port, STUDY_ROOT, proposed) as association:
        told = association.acceptor.sop_class_extended
    assert told.get(UID(STUDY_ROOT)) == answered


def test_a_relational_query_needs_no_keys_above_and_a_hierarchical_one_does(platform: Platform, port: int) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    identifier = an_identifier("IMAGE", SOPInstanceUID="", StudyInstanceUID="", SeriesInstanceUID="", PatientID="SYN-0001")
    assert statuses(ask(port, identifier)) == [0xA900]
    answers = ask(port, identifier, ALL)
    assert statuses(answers) == [0xFF00, 0x0000]
    match = answers[0][1]
    assert match is not None
    assert (match.SOPInstanceUID, match.StudyInstanceUID) == (image.SOPInstanceUID, image.StudyInstanceUID)


def test_a_key_of_a_lower_level_takes_a_relational_query(platform: Platform, port: int) -> None:
    radiograph, slice_ = a_dx_image(), a_ct_slice(PatientID="SYN-0002")
    store_data_set(platform, radiograph)
    store_data_set(platform, slice_)
    identifier = an_identifier("STUDY", StudyInstanceUID="", Modality="CT")
    assert statuses(ask(port, identifier)) == [0xA900]
    answers = ask(port, identifier, ALL)
    assert [match.StudyInstanceUID for _, match in answers if match is not None] == [slice_.StudyInstanceUID]
    without_value = an_identifier("STUDY", StudyInstanceUID="", Modality="")
    assert statuses(ask(port, without_value)) == [0xFF00, 0xFF00, 0x0000]


def test_dates_and_times_are_one_span_only_where_that_was_agreed(platform: Platform, port: int) -> None:
    for day, hour in (("20260105", "233000"), ("20260106", "003000"), ("20260106", "120000")):
        store_data_set(platform, a_dx_image(StudyDate=day, StudyTime=hour))
    night = an_identifier("STUDY", StudyDate="20260105-20260106", StudyTime="230000-010000", StudyInstanceUID="")
    assert len(ask(port, night, ALL)) == 2 + 1
    assert len(ask(port, night)) == 0 + 1, "each by itself: no time is after 23:00 and before 01:00"


def test_two_quotation_marks_ask_for_no_value_where_that_was_agreed(platform: Platform, port: int) -> None:
    without, with_value = a_dx_image(AccessionNumber=""), a_dx_image(AccessionNumber="A1")
    for image in (without, with_value):
        store_data_set(platform, image)
    identifier = an_identifier("STUDY", AccessionNumber='""', StudyInstanceUID="")
    assert [match.StudyInstanceUID for _, match in ask(port, identifier, ALL) if match is not None] == [
        without.StudyInstanceUID
    ]
    assert len(ask(port, identifier)) == 1


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        ("yamada^tarou", True),
        ("YAMADA*", True),
        ("山田^太郎", True),
        ("山田*", True),
        ("=山田^太郎", True),
        ("Yamada*=山田*", True),
        ("Yamada*==やまだ*", True),
        ("==やまだ^たろう", True),
        ("やまだ*", True),
        ("鈴木*", False),
        ("Yamada*=鈴木*", False),
        ("Suzuki*=山田*", False),
    ],
)
def test_each_component_group_of_a_name_is_matched(platform: Platform, port: int, asked: str, is_found: bool) -> None:
    store_data_set(platform, a_dx_image(PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう"))
    identifier = an_identifier("STUDY", SpecificCharacterSet="ISO_IR 192", PatientName=asked, StudyInstanceUID="")
    answers = ask(port, identifier)
    assert len(answers) == is_found + 1
    if is_found and answers[0][1] is not None:
        assert str(answers[0][1].PatientName) == "Yamada^Tarou=山田^太郎=やまだ^たろう"


def test_keys_that_nobody_knows_are_told_to_be_unsupported(platform: Platform, port: int) -> None:
    store_data_set(platform, a_dx_image())
    private = an_identifier("STUDY", StudyInstanceUID="")
    private.private_block(0x0099, "SOMEBODY", create=True).add_new(1, "LO", "x")
    deep = an_identifier("SERIES", StudyInstanceUID=a_dx_image().StudyInstanceUID, SeriesInstanceUID="")
    code, item = Dataset(), Dataset()
    code.CodeValue = "x"
    item.ScheduledProtocolCodeSequence = Sequence([code])
    deep.RequestAttributesSequence = Sequence([item])
    assert statuses(ask(port, private)) == [0xFF01, 0x0000]
    assert statuses(ask(port, deep, ALL))[-1] == 0x0000


def test_a_relational_retrieval_names_an_object_alone(platform: Platform, port: int) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    identifier = an_identifier("IMAGE", SOPInstanceUID=image.SOPInstanceUID)
    for options, expected in ((None, 0xA900), (b"\x01\x01", 0xA702)):
        with associated_with_options(port, STUDY_ROOT_GET, options) as association:
            final = list(association.send_c_get(identifier, STUDY_ROOT_GET))[-1][0]
        assert final.Status == expected, "found, though this peer takes no objects"
    assert final.NumberOfFailedSuboperations == 1


def fill(platform: Platform, count: int) -> None:
    """Add studies like the one that is there."""
    with platform.database.transaction(platform.tenant) as tx:
        names = tx.execute(
            text(
                "select column_name from information_schema.columns where table_name = 'studies'"
                " and is_generated = 'NEVER' and column_name <> 'study_uid'"
            )
        ).scalars()
        columns = ", ".join(f'"{name}"' for name in names)
        tx.execute(
            text(
                f"insert into studies (study_uid, {columns}) "
                f"select :root || number, {columns} from studies, generate_series(1, :count) as number"
            ),
            {"root": f"{new_uid()[:40]}.", "count": count},
        )


def a_query(peer: RawPeer, identifier: Dataset) -> None:
    peer.send(encode_pdu(a_request((STUDY_ROOT, (EXPLICIT,)))))
    peer.receive_pdu()
    command = Command(
        command_field=CommandField.C_FIND_RQ,
        message_id=7,
        affected_sop_class_uid=STUDY_ROOT,
        priority=0,
        data_set_type=DATA_SET_FOLLOWS,
    )
    peer.send(a_message(command, bare_bytes(identifier)))


def next_status(peer: RawPeer) -> int:
    """Return the status of the next response, passing over identifiers."""
    while True:
        unit = peer.receive_pdu()
        assert unit is not None
        if unit[1][5] & 1:
            return decode_command(unit[1][6:]).status or 0


def test_a_cancel_in_the_midst_of_5000_matches_leaves_most_of_them_unsent(
    platform: Platform, port: int, connect: Callable[[int], RawPeer]
) -> None:
    store_data_set(platform, a_dx_image())
    fill(platform, 5000)
    peer = connect(port)
    a_query(peer, an_identifier("STUDY", StudyInstanceUID="", PatientName="", StudyDescription=""))
    assert next_status(peer) == 0xFF00
    cancel = Command(command_field=CommandField.C_CANCEL_RQ, message_id_being_responded_to=7)
    peer.send(b"".join(command_units(1, cancel, 16384)))
    after = 0
    while (status := next_status(peer)) == 0xFF00:
        after += 1
    assert status == 0xFE00
    assert after < 1000, "what was on its way when the cancellation was read, no more"


def test_the_most_matches_are_answered_and_the_rest_is_not_kept_secret(
    platform: Platform, serve: Callable[..., int], connect: Callable[[int], RawPeer]
) -> None:
    store_data_set(platform, a_dx_image())
    fill(platform, 3 * PAGE)
    peer = connect(serve(Limits(find_responses=2 * PAGE)))
    a_query(peer, an_identifier("STUDY", StudyInstanceUID=""))
    found = 0
    while (status := next_status(peer)) == 0xFF00:
        found += 1
    assert (found, status) == (2 * PAGE, 0xA700)


def test_what_arrives_while_a_query_is_answered_makes_no_match_appear_twice(platform: Platform) -> None:
    store_data_set(platform, a_dx_image())
    fill(platform, 2 * PAGE)
    request = read_request(an_identifier("STUDY", StudyInstanceUID=""), is_patient_root=False)
    pages = Pages(platform, device_subject(platform.tenant, "DX1", None), request, most=10_000)
    found: list[str] = []
    while (page := pages.next_page()) is not None:
        found += [str(match.StudyInstanceUID) for match in page]
        store_data_set(platform, a_dx_image(StudyDate="20991231"))
    assert len(found) == len(set(found)) == 2 * PAGE + 1


@pytest.mark.parametrize("value", ["%", "_YN-0001", "SYN%", "\\", "'; drop table studies; --", "SYN-0001' or 'a'='a"])
def test_attack_32_signs_of_sql_are_letters_like_others(platform: Platform, port: int, value: str) -> None:
    store_data_set(platform, a_dx_image())
    assert statuses(ask(port, an_identifier("STUDY", PatientID=value, StudyInstanceUID=""))) == [0x0000]
    wildcard = an_identifier("STUDY", PatientID=f"{value}*", StudyInstanceUID="")
    assert statuses(ask(port, wildcard)) == [0x0000]
    assert statuses(ask(port, an_identifier("STUDY", PatientID="SYN-0001", StudyInstanceUID=""))) == [0xFF00, 0x0000]


def test_attack_32_a_list_of_10000_identifiers_is_served_and_what_is_longer_is_refused(platform: Platform, port: int) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    uids = [f"1.2.3.{number}" for number in range(10_000)]
    listed = an_identifier("STUDY", StudyInstanceUID=[*uids[1:], image.StudyInstanceUID], PatientID="")
    assert statuses(ask(port, listed)) == [0xFF00, 0x0000]
    for value in ([*uids, image.StudyInstanceUID], "1.2.3*"):
        assert statuses(ask(port, an_identifier("STUDY", StudyInstanceUID=value))) == [0xA900]
    huge = an_identifier("STUDY", StudyInstanceUID="", StudyDescription="x" * (1 << 20))
    with associated_with_options(port, STUDY_ROOT, None) as association:
        assert [match for _, match in association.send_c_find(huge, STUDY_ROOT)] == [None]
        association.join(10)
        assert association.is_aborted
    assert statuses(ask(port, an_identifier("STUDY", PatientID="SYN-0001"))) == [0xFF00, 0x0000]
