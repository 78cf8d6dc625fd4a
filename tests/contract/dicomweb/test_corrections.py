"""What was moved or rejected, as a client of others sees it over the web."""

from __future__ import annotations

import io
from collections.abc import Iterator
from uuid import UUID

import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient
from requests import HTTPError
from sqlalchemy import Connection

from negatoscope.access.model import Role
from negatoscope.archive.corrections.moving import propose_move
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_dx_image, part10_bytes
from tests.builders.rejection_notes import a_rejection_note
from tests.builders.subjects import a_user
from tests.contract.dicomweb.conftest import Door


def unsigned(_: Connection, __: str, ___: UUID) -> bool:
    return False


@pytest.fixture
def pacs(door: Door) -> Iterator[DICOMwebClient]:
    client = DICOMwebClient(url=door.root, headers={"Authorization": f"Bearer {door.token(Role.RADIOLOGIST)}"})
    yield client
    client._session.close()


def test_moved_image_is_given_under_its_new_identity(platform: Platform, pacs: DICOMwebClient) -> None:
    image, other = a_dx_image(), a_dx_image(PatientID="SYN-0009", PatientName="Ōta^Jun")
    for one in (image, other):
        store_data_set(platform, one)
    study_uid, uid = str(other.StudyInstanceUID), str(image.SOPInstanceUID)
    propose_move(
        platform,
        a_user(platform, Role.LEAD_RADIOLOGIST),
        str(image.StudyInstanceUID),
        [uid],
        to_study_uid=study_uid,
        to_patient_id=None,
        reason="the wrong line of the worklist was chosen",
        is_signed=unsigned,
    )
    given = next(one for one in pacs.retrieve_study(study_uid) if uid == one.SOPInstanceUID)
    assert (given.PatientID, str(given.PatientName), given.StudyInstanceUID) == ("SYN-0009", "Ōta^Jun", study_uid)
    assert given.PixelData == image.PixelData
    told = {one["00080018"]["Value"][0]: one for one in pacs.retrieve_study_metadata(study_uid)}[uid]
    assert told["00100020"]["Value"] == ["SYN-0009"]
    assert told["04000561"]["Value"][0]["04000550"]["Value"][0]["00100020"]["Value"] == ["SYN-0001"]
    frames = pacs.retrieve_instance_frames(study_uid, str(given.SeriesInstanceUID), uid, [1])
    assert frames[0] == image.PixelData
    with pytest.raises(HTTPError):
        pacs.retrieve_study(str(image.StudyInstanceUID))


def test_note_stored_over_the_web_needs_the_right_of_its_sender(platform: Platform, door: Door) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    study_uid = str(image.StudyInstanceUID)

    def client(role: Role) -> DICOMwebClient:
        return DICOMwebClient(url=door.root, headers={"Authorization": f"Bearer {door.token(role)}"})

    for role, left in ((Role.RESIDENT, 2), (Role.RADIOLOGIST, 1)):
        sender = client(role)
        note = a_rejection_note("113001", image)
        sender.store_instances([pydicom.dcmread(io.BytesIO(part10_bytes(note)))])
        # The resident's note is an object of the study that rejects nothing; the radiologist's hides itself with the image.
        assert len(sender.search_for_instances(study_uid)) == left
        sender._session.close()
