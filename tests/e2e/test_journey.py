"""One radiograph from order to signed report, through the real doors of the running product, step by step.

The steps follow each other and share one installation: each is a test of its own, so that a failure says where.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
)
from pynetdicom import AE

from negatoscope.app.phantoms.objects import Examination, synthetic_object
from negatoscope.app.phantoms.recipes import render
from tests.builders.compressed import CODECS
from tests.e2e.peers import PerformedStep, ResultsReceiver, ask_worklist, segment, send_hl7
from tests.e2e.product import Product

pytestmark = pytest.mark.xdist_group("journey")

PIXELS = render("chest-effusion", 31)
PLACER = "PLACER-4711"
ORDER = f"""MSH|^~\\&|HIS|HOSPITAL|NEGATOSCOPE|RADIOLOGY|20260101120000||ORM^O01^ORM_O01|M-1|P|2.5.1||||||UNICODE UTF-8
PID|1||IPP-7781^^^HOPITAL&1.2.250.1.999.1&ISO^PI||EXEMPLE-VOYAGE^Rosalie^^^^^L~EXEMPLE-VOYAGE^Rosalie^^^^^D||19580427|F
PV1|1|E|URG^^^HOPITAL
ORC|NW|{PLACER}^HIS|||||||20260101115500|||801234564895^Haddad^Samir^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS
TQ1|1||||||{datetime.now():%Y%m%d%H%M}||S
OBR|1|{PLACER}^HIS||CHEST-PA^Thorax de face^99NEGATO|||||||||Douleur thoracique brutale. Pneumothorax ?|||801234564895^Haddad^Samir^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS||||||||||||||||Douleur thoracique
"""  # noqa: DTZ005 - HL7 times without offset are local


@dataclass(slots=True)
class Story:
    """What the steps learn from each other."""

    product: Product
    results: ResultsReceiver
    accession_number: str = ""
    study_uid: str = ""
    scheduled: Dataset = field(default_factory=Dataset)
    images: list[Dataset] = field(default_factory=list)
    share_link: str = ""
    share_code: str = ""


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    folder = Path(tempfile.mkdtemp(prefix="nego-e2e-"))
    folder.chmod(0o755)
    product = Product.in_folder(folder)
    results = ResultsReceiver(product.results_port)
    product.start()
    yield Story(product, results)
    product.stop()
    results.close()
    shutil.rmtree(folder, ignore_errors=True)


def an_image(story: Story, transfer_syntax_uid: str, number: int) -> Dataset:
    """Return one radiograph of the ordered examination, its pixels in this transfer syntax."""
    scheduled = story.scheduled
    step = scheduled.ScheduledProcedureStepSequence[0]
    examination = Examination(
        patient_id=str(scheduled.PatientID),
        issuer=str(scheduled.IssuerOfPatientID),
        patient_name=str(scheduled.PatientName),
        birth_date=str(scheduled.PatientBirthDate),
        sex=str(scheduled.PatientSex),
        study_uid=story.study_uid,
        accession_number=story.accession_number,
        description=str(scheduled.RequestedProcedureDescription),
        performed_at=datetime.now(),  # noqa: DTZ005 - DICOM times are local
        requested_procedure_id=str(scheduled.RequestedProcedureID),
        scheduled_step_id=str(step.ScheduledProcedureStepID),
    )
    dataset = pydicom.dcmread(io.BytesIO(synthetic_object("chest-effusion", PIXELS, examination, number=number)))
    if transfer_syntax_uid in CODECS:
        dataset.PixelData = encapsulate([bytes(CODECS[transfer_syntax_uid](dataset.pixel_array))])
        dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    dataset.file_meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    return dataset


def store_with_pynetdicom(port: int, images: list[Dataset]) -> list[int]:
    entity = AE(ae_title="DX1")
    for image in images:
        entity.add_requested_context(image.SOPClassUID, image.file_meta.TransferSyntaxUID)
    association = entity.associate("127.0.0.1", port, ae_title="NEGATOSCOPE")
    assert association.is_established
    statuses = [int(association.send_c_store(image).Status) for image in images]
    association.release()
    return statuses


# 1. The order


def test_order_by_hl7_is_acknowledged_after_commit(story: Story) -> None:
    answer = send_hl7(story.product.hl7_port, ORDER)
    assert segment(answer, "MSA")[1:3] == ["AA", "M-1"]


def test_same_message_again_is_the_same_order(story: Story) -> None:
    assert segment(send_hl7(story.product.hl7_port, ORDER), "MSA")[1] == "AA"


def test_second_kind_of_order_is_taken_too(story: Story) -> None:
    message = (
        ORDER.replace("ORM^O01^ORM_O01|M-1", "OMI^O23^OMI_O23|M-2")
        .replace(PLACER, "PLACER-4712")
        .replace("IPP-7781", "IPP-7782")
        .replace("Rosalie", "Blaise")
    )
    message += "IPC|ACC-EXT-9^HIS|RP-9|1.2.250.1.999.9.4712|SPS-9|DX||||DX1\n"
    assert segment(send_hl7(story.product.hl7_port, message), "MSA")[1:3] == ["AA", "M-2"]


def test_nonsense_is_refused_with_its_place(story: Story) -> None:
    answer = send_hl7(story.product.hl7_port, ORDER.replace("|M-1|", "|M-3|").replace("PID|1||IPP-7781", "PID|1||"))
    assert segment(answer, "MSA")[1:3] == ["AE", "M-3"]
    assert "PID" in segment(answer, "ERR")[2]


# 2. The modality


def test_modality_finds_exactly_that_step(story: Story, tmp_path: Path) -> None:
    every = ask_worklist(story.product.dicom_port, tmp_path / "all", station="DX1", accession_number="")
    ours = [answer for answer in every if answer.PatientID == "IPP-7781"]
    assert len(ours) == 1
    story.accession_number = str(ours[0].AccessionNumber)
    found = ask_worklist(story.product.dicom_port, tmp_path / "one", station="DX1", accession_number=story.accession_number)
    assert [answer.PatientID for answer in found] == ["IPP-7781"]
    story.scheduled = found[0]
    story.study_uid = str(found[0].StudyInstanceUID)
    assert found[0].ScheduledProcedureStepSequence[0].Modality == "DX"
    assert str(found[0].PatientName).startswith("EXEMPLE-VOYAGE")


def test_performed_step_and_images_in_every_syntax(story: Story, tmp_path: Path) -> None:
    step = PerformedStep(story.product.dicom_port, "DX1", story.scheduled)
    assert step.begin() == 0x0000
    plain = an_image(story, str(ImplicitVRLittleEndian), 1)
    path = tmp_path / "plain.dcm"
    plain.save_as(path, enforce_file_format=True)
    command = ["storescu", "-aet", "DX1", "-aec", "NEGATOSCOPE", "127.0.0.1", str(story.product.dicom_port), str(path)]
    subprocess.run(command, check=True, capture_output=True)
    syntaxes = (JPEGLSLossless, JPEG2000Lossless, HTJ2KLossless, JPEGLosslessSV1)
    compressed = [an_image(story, str(syntax), number) for number, syntax in enumerate(syntaxes, 2)]
    assert store_with_pynetdicom(story.product.dicom_port, compressed) == [0x0000] * len(syntaxes)
    story.images = [plain, *compressed]
    assert step.complete(story.images) == 0x0000
    assert step.complete(story.images) == 0x0110, "a final step may no longer be updated"
    step.leave()


# DICOMweb clients can do the same


def a_client(story: Story, login: str) -> DICOMwebClient:
    token = story.product.token(login)
    return DICOMwebClient(f"{story.product.root}/dicom-web", headers={"Authorization": f"Bearer {token}"})


def test_dicomweb_client_finds_and_reads_what_was_stored(story: Story) -> None:
    client = a_client(story, "radiologue")
    studies = client.search_for_studies(search_filters={"AccessionNumber": story.accession_number})
    assert [study["0020000D"]["Value"][0] for study in studies] == [story.study_uid]
    metadata = client.retrieve_study_metadata(story.study_uid)
    assert len(metadata) == len(story.images)
    for image in story.images:
        frames = client.retrieve_instance_frames(story.study_uid, image.SeriesInstanceUID, image.SOPInstanceUID, [1])
        np.testing.assert_array_equal(np.frombuffer(frames[0], np.uint16).reshape(PIXELS.shape), PIXELS)
        back = client.retrieve_instance(story.study_uid, image.SeriesInstanceUID, image.SOPInstanceUID)
        assert back.PatientID == "IPP-7781"


def test_dicomweb_client_stores(story: Story) -> None:
    client = a_client(story, "radiologue")
    extra = an_image(story, str(ImplicitVRLittleEndian), 9)
    client.store_instances([extra], story.study_uid)
    found = client.search_for_instances(story.study_uid, search_filters={"SOPInstanceUID": str(extra.SOPInstanceUID)})
    assert len(found) == 1
    rendered: Any = client.retrieve_instance_rendered(
        story.study_uid, extra.SeriesInstanceUID, extra.SOPInstanceUID, media_types=("image/jpeg",)
    )
    assert rendered[:2] == b"\xff\xd8"
