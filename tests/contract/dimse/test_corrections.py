"""What was moved, rejected or erased, as a peer of others sees it over the network."""

from __future__ import annotations

from uuid import UUID

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.events import Event
from sqlalchemy import Connection

from negatoscope.access.model import Role
from negatoscope.archive.corrections.moving import propose_move
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.dicom import DX_FOR_PRESENTATION, a_dx_image
from tests.builders.rejection_notes import KEY_OBJECT_SELECTION, a_rejection_note
from tests.builders.subjects import a_user

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
GET = "1.2.840.10008.5.1.4.1.2.2.3"


def unsigned(_: Connection, __: str, ___: UUID) -> bool:
    return False


def get_study(port: int, study_uid: str, syntax: str = EXPLICIT_VR_LITTLE_ENDIAN) -> list[Dataset]:
    arrived: list[Dataset] = []

    def take(event: Event) -> int:
        arrived.append(event.dataset)
        return 0x0000

    entity = AE(ae_title="GETTER")
    entity.requested_contexts = [build_context(GET), build_context(DX_FOR_PRESENTATION, syntax)]
    association = entity.associate(
        "127.0.0.1",
        port,
        ae_title="NEGATOSCOPE",
        ext_neg=[build_role(DX_FOR_PRESENTATION, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, take)],
    )
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", study_uid
    list(association.send_c_get(identifier, GET))
    association.release()
    return arrived


def found_series(port: int, study_uid: str) -> set[str]:
    entity = AE(ae_title="FINDER")
    entity.requested_contexts = [build_context(FIND)]
    association = entity.associate("127.0.0.1", port, ae_title="NEGATOSCOPE")
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID, identifier.SeriesInstanceUID = "SERIES", study_uid, ""
    found = {str(one.SeriesInstanceUID) for _, one in association.send_c_find(identifier, FIND) if one is not None}
    association.release()
    return found


def store(port: int, data_set: Dataset) -> int:
    entity = AE(ae_title="SENDER")
    entity.requested_contexts = [build_context(str(data_set.SOPClassUID), EXPLICIT_VR_LITTLE_ENDIAN)]
    association = entity.associate("127.0.0.1", port, ae_title="NEGATOSCOPE")
    data_set.ensure_file_meta()
    data_set.file_meta.TransferSyntaxUID = UID(EXPLICIT_VR_LITTLE_ENDIAN)
    status = int(association.send_c_store(data_set).Status)
    association.release()
    return status


def test_moved_image_is_sent_under_its_new_identity(platform: Platform, port: int) -> None:
    image, other = a_dx_image(), a_dx_image(PatientID="SYN-0009", PatientName="Ōta^Jun")
    for one in (image, other):
        store_data_set(platform, one)
    propose_move(
        platform,
        a_user(platform, Role.LEAD_RADIOLOGIST),
        str(image.StudyInstanceUID),
        [str(image.SOPInstanceUID)],
        to_study_uid=str(other.StudyInstanceUID),
        to_patient_id=None,
        reason="the wrong line of the worklist was chosen",
        is_signed=unsigned,
    )
    assert get_study(port, str(image.StudyInstanceUID)) == []
    for syntax in (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN):
        sent = {str(one.SOPInstanceUID): one for one in get_study(port, str(other.StudyInstanceUID), syntax)}
        assert set(sent) == {str(image.SOPInstanceUID), str(other.SOPInstanceUID)}
        moved = sent[str(image.SOPInstanceUID)]
        assert (moved.PatientID, str(moved.PatientName)) == ("SYN-0009", "Ōta^Jun")
        assert moved.PixelData == image.PixelData
        before = moved.OriginalAttributesSequence[0].ModifiedAttributesSequence[0]
        assert before.StudyInstanceUID == image.StudyInstanceUID
        assert "OriginalAttributesSequence" not in sent[str(other.SOPInstanceUID)]


def test_note_sent_by_a_device_hides_what_it_names(platform: Platform, port: int) -> None:
    first = a_dx_image()
    second = a_dx_image(StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID=new_uid())
    study_uid = str(first.StudyInstanceUID)
    assert [store(port, one) for one in (first, second)] == [0x0000] * 2
    note = a_rejection_note("113037", first)
    assert note.SOPClassUID == KEY_OBJECT_SELECTION
    assert store(port, note) == 0x0000
    assert found_series(port, study_uid) == {str(second.SeriesInstanceUID)}
    assert [one.SOPInstanceUID for one in get_study(port, study_uid)] == [second.SOPInstanceUID]
    assert store(port, first) >= 0xC000
    assert store(port, second) == 0x0000
