"""C-FIND, Patient Root and Study Root, with real peers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydicom.dataset import Dataset
from sqlalchemy import text

from negatoscope.doors.dimse.command_set import DATA_SET_FOLLOWS, Command, CommandField, decode_command
from negatoscope.doors.dimse.messages import command_units
from negatoscope.doors.dimse.pdu_encoding import encode_pdu
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.associations import EXPLICIT, a_message, a_request
from tests.builders.dicom import a_ct_slice, a_dx_image, bare_bytes
from tests.contract.dimse.conftest import RawPeer
from tests.contract.dimse.peers import associated, find, run_dcmtk

PATIENT_ROOT = "1.2.840.10008.5.1.4.1.2.1.1"
STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2.1"


def an_identifier(level: str, **keys: object) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier


def test_a_study_is_found_by_wildcard_without_regard_to_accents_and_answers_only_what_was_asked(
    platform: Platform, port: int
) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    store_data_set(platform, a_ct_slice(PatientName="Somebody^Else", PatientID="SYN-0002"))
    identifier = an_identifier("STUDY", PatientName="ELUARD*", StudyInstanceUID="", AccessionNumber="", StudyDate="20260101-")
    with associated(port, STUDY_ROOT) as association:
        answers = find(association, identifier, STUDY_ROOT)
    assert [status for status, _ in answers] == [0xFF00, 0x0000]
    match = answers[0][1]
    assert match is not None
    assert match.StudyInstanceUID == image.StudyInstanceUID
    assert match.PatientName == "Éluard^Zoé"
    assert match.SpecificCharacterSet == "ISO_IR 192"
    assert match.QueryRetrieveLevel == "STUDY"
    assert match.RetrieveAETitle == "NEGATOSCOPE"
    assert "StudyDescription" not in match


@pytest.mark.parametrize(
    ("asked", "name", "answered"),
    [
        ("ISO_IR 100", "Éluard^Zoé", "ISO_IR 100"),
        ("ISO_IR 100", "Éluard^Zoé=絵", "ISO_IR 192"),
        ("ISO_IR 192", "Éluard^Zoé", "ISO_IR 192"),
        ("", "Éluard^Zoé", "ISO_IR 192"),
        ("", "Eluard^Zoe", None),
    ],
)
def test_the_character_set_is_one_that_the_peer_reads(
    platform: Platform, port: int, asked: str, name: str, answered: str | None
) -> None:
    store_data_set(platform, a_dx_image(PatientName=name))
    identifier = an_identifier("STUDY", PatientName="", StudyInstanceUID="")
    if asked:
        identifier.SpecificCharacterSet = asked
    with associated(port, STUDY_ROOT) as association:
        match = find(association, identifier, STUDY_ROOT)[0][1]
    assert match is not None
    assert match.get("SpecificCharacterSet") == answered
    assert str(match.PatientName) == name


def test_series_and_images_are_found_below_their_study(platform: Platform, port: int) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    series = an_identifier("SERIES", StudyInstanceUID=image.StudyInstanceUID, SeriesInstanceUID="", Modality="")
    images = an_identifier(
        "IMAGE", StudyInstanceUID=image.StudyInstanceUID, SeriesInstanceUID=image.SeriesInstanceUID, SOPInstanceUID=""
    )
    with associated(port, STUDY_ROOT) as association:
        series_match = find(association, series, STUDY_ROOT)[0][1]
        image_match = find(association, images, STUDY_ROOT)[0][1]
    assert series_match is not None
    assert image_match is not None
    assert (series_match.SeriesInstanceUID, series_match.Modality) == (image.SeriesInstanceUID, "DX")
    assert image_match.SOPInstanceUID == image.SOPInstanceUID


def test_the_patient_level_belongs_to_the_patient_root_alone(platform: Platform, port: int) -> None:
    store_data_set(platform, a_dx_image())
    identifier = an_identifier("PATIENT", PatientID="SYN-0001", PatientName="")
    with associated(port, PATIENT_ROOT, STUDY_ROOT) as association:
        by_patient = find(association, identifier, PATIENT_ROOT)
        by_study = find(association, identifier, STUDY_ROOT)
    assert [status for status, _ in by_patient] == [0xFF00, 0x0000]
    assert [status for status, _ in by_study] == [0xA900]


@pytest.mark.parametrize("level", ["PATIENT", "STUDY", "SERIES", "IMAGE"])
def test_the_patient_root_is_walked_from_the_patient_to_the_image(platform: Platform, port: int, level: str) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    store_data_set(platform, a_ct_slice(PatientID="SYN-0002"))
    keys = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    depth = ["PATIENT", "STUDY", "SERIES", "IMAGE"].index(level)
    above = {keyword: getattr(image, keyword) for keyword in keys[:depth]}
    identifier = an_identifier(level, **above, **{keys[depth]: image.PatientID if level == "PATIENT" else ""})
    with associated(port, PATIENT_ROOT) as association:
        answers = find(association, identifier, PATIENT_ROOT)
        without = an_identifier(level, **dict(list(above.items())[1:]), **{keys[depth]: ""})
        refused = find(association, without, PATIENT_ROOT)
    assert [status for status, _ in answers] == [0xFF00, 0x0000]
    match = answers[0][1]
    assert match is not None
    assert match[keys[depth]].value == image[keys[depth]].value
    assert refused[-1][0] == (0x0000 if level == "PATIENT" else 0xA900)


@pytest.mark.parametrize(
    "identifier",
    [
        an_identifier("NONSENSE", PatientID="*"),
        an_identifier("", PatientID="*"),
        an_identifier("SERIES", SeriesInstanceUID=""),
        an_identifier("IMAGE", StudyInstanceUID="1.2.3", SOPInstanceUID=""),
        an_identifier("STUDY", StudyDate="yesterday"),
    ],
    ids=["level", "no level", "no study", "no series", "date"],
)
def test_an_identifier_that_does_not_fit_is_refused(port: int, identifier: Dataset) -> None:
    with associated(port, STUDY_ROOT) as association:
        assert [status for status, _ in find(association, identifier, STUDY_ROOT)] == [0xA900]
        assert [status for status, _ in find(association, an_identifier("STUDY"), STUDY_ROOT)] == [0x0000]


def test_an_unsupported_key_with_a_value_is_told(platform: Platform, port: int) -> None:
    store_data_set(platform, a_dx_image())
    identifier = an_identifier("STUDY", StudyInstanceUID="", PatientComments="x")
    with associated(port, STUDY_ROOT) as association:
        assert [status for status, _ in find(association, identifier, STUDY_ROOT)] == [0xFF01, 0x0000]


def test_a_cancel_ends_the_answers_and_the_association_goes_on(
    platform: Platform, port: int, connect: Callable[[int], RawPeer]
) -> None:
    store_data_set(platform, a_dx_image())
    peer = connect(port)
    peer.send(encode_pdu(a_request((STUDY_ROOT, (EXPLICIT,)))))
    peer.receive_pdu()
    query = Command(
        command_field=CommandField.C_FIND_RQ,
        message_id=7,
        affected_sop_class_uid=STUDY_ROOT,
        priority=0,
        data_set_type=DATA_SET_FOLLOWS,
    )
    content = bare_bytes(an_identifier("STUDY", StudyInstanceUID=""))
    cancel = Command(command_field=CommandField.C_CANCEL_RQ, message_id_being_responded_to=7)
    forged = Command(command_field=CommandField.C_CANCEL_RQ, message_id_being_responded_to=8)
    peer.send(a_message(query, content) + b"".join(command_units(1, cancel, 16384)))
    assert statuses_until_final(peer) == [0xFE00]
    peer.send(a_message(query, content) + b"".join(command_units(1, forged, 16384)) * 1000)
    assert statuses_until_final(peer) == [0xFF00, 0x0000]


def statuses_until_final(peer: RawPeer) -> list[int]:
    """Return the statuses of the responses to one query, skipping their identifiers."""
    found: list[int] = []
    while not found or found[-1] & 0xFF00 == 0xFF00:
        unit = peer.receive_pdu()
        assert unit is not None
        is_command = unit[1][5] & 1
        if is_command:
            found.append(decode_command(unit[1][6:]).status or 0)
    return found


def test_findscu_of_dcmtk_is_answered(platform: Platform, port: int) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=SYN-0001", "-k", "StudyInstanceUID", "-k", "ModalitiesInStudy")
    output = run_dcmtk("findscu", "-v", "-S", "-aec", "NEGATOSCOPE", *keys, "127.0.0.1", str(port))
    assert image.StudyInstanceUID in output
    assert "[DX]" in output


def test_a_query_leaves_a_trace_of_its_keys_and_not_of_their_values(platform: Platform, port: int) -> None:
    with associated(port, STUDY_ROOT) as association:
        find(association, an_identifier("STUDY", PatientName="ELUARD*", StudyInstanceUID=""), STUDY_ROOT)
    with platform.database.read(platform.tenant) as tx:
        entry = tx.execute(text("select * from audit_entries where action = 'images_queried'")).one()
    assert entry.objects["keys"] == ["PatientName"]
    assert "ELUARD" not in str(entry)
