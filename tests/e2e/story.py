"""What the steps of the journey share: the order, the images, the people's browsers."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pydicom
from dicomweb_client.api import DICOMwebClient
from playwright.sync_api import Browser, Page, expect
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID
from pynetdicom import AE

from negatoscope.app.phantoms.objects import Examination, synthetic_object
from negatoscope.app.phantoms.recipes import render
from tests.builders.compressed import CODECS
from tests.e2e.peers import PerformedStep, ResultsReceiver
from tests.e2e.product import Product, seen_within

PIXELS = render("chest-effusion", 31)
PLACER = "PLACER-4711"
REQUESTER = "899700000033^Haddad^Samir^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
ORDER = f"""MSH|^~\\&|HIS|HOSPITAL|NEGATOSCOPE|RADIOLOGY|20260101120000||ORM^O01^ORM_O01|M-1|P|2.5.1||||||UNICODE UTF-8
PID|1||DEMO-0001^^^DEMO^PI||EXEMPLE-MARTEAU^Jeanne^^^^^L~EXEMPLE-MARTEAU^Jeanne^^^^^D||19510314|F
PV1|1|E|URG^^^HOPITAL
ORC|NW|{PLACER}^HIS|||||||20260101115500|||{REQUESTER}
TQ1|1||||||{datetime.now():%Y%m%d%H%M}||S
OBR|1|{PLACER}^HIS||CHEST-INSPEXP^Thorax en inspiration et expiration^99NEGATO|||||||||Douleur brutale. Pneumothorax ?|||{REQUESTER}||||||||||||||||Douleur
"""  # noqa: DTZ005 - HL7 times without offset are local
SENTENCE = "Épanchement pleural gauche de moyenne abondance."


@dataclass(slots=True)
class Story:
    """What the steps learn from each other."""

    product: Product
    results: ResultsReceiver
    accession_number: str = ""
    study_uid: str = ""
    scheduled: Dataset = field(default_factory=Dataset)
    images: list[Dataset] = field(default_factory=list)
    step: PerformedStep | None = None
    reader: Page | None = None


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


def sign_in(story: Story, chromium: Browser, login: str) -> Page:
    """Open a browser of its own and sign in as one of the demonstration's people."""
    return open_browser(story.product, chromium, login, story.product.accounts()[login]["password"])


def open_browser(product: Product, chromium: Browser, login: str, password: str) -> Page:
    """Open a browser of its own and sign in."""
    page = chromium.new_context(viewport={"width": 1600, "height": 1000}, locale="fr-FR").new_page()
    page.goto(f"{product.root}/login")
    page.get_by_label("Identifiant").fill(login)
    page.get_by_label("Mot de passe").fill(password)
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("button", name="Se connecter")).to_have_count(0)
    return page


def store_with_pynetdicom(port: int, images: list[Dataset]) -> list[int]:
    entity = AE(ae_title="DX1")
    for image in images:
        entity.add_requested_context(image.SOPClassUID, image.file_meta.TransferSyntaxUID)
    association = entity.associate("127.0.0.1", port, ae_title="NEGATOSCOPE")
    assert association.is_established
    statuses = [int(association.send_c_store(image).Status) for image in images]
    association.release()
    return statuses


def a_client(story: Story, login: str) -> DICOMwebClient:
    token = story.product.token(login)
    return DICOMwebClient(f"{story.product.root}/dicom-web", headers={"Authorization": f"Bearer {token}"})


def keep_picture(page: Page, name: str) -> None:
    """Keep a picture of the screen for the documents, in the folder that PICTURES names."""
    folder = os.environ.get("PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


def see_full_quality(page: Page) -> None:
    seen_within(
        lambda: page.evaluate("window.negatoscopeViewer?.state().panes.every((pane) => pane.quality === 'full')"),
        within_s=60,
        what="the image at full quality",
    )
