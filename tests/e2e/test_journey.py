"""One radiograph from order to signed report, through the real doors of the running product, step by step.

The steps follow each other and share one installation: each is a test of its own, so that a failure says where.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect
from pydicom.uid import (
    EncapsulatedPDFStorage,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
)

from tests.e2e.peers import PerformedStep, ResultsReceiver, ask_worklist, segment, send_hl7
from tests.e2e.product import Product, seen_within
from tests.e2e.story import (
    ORDER,
    PIXELS,
    PLACER,
    SENTENCE,
    Story,
    a_client,
    an_image,
    keep_picture,
    see_full_quality,
    sign_in,
    store_with_pynetdicom,
)

pytestmark = pytest.mark.xdist_group("journey")
expect.set_options(timeout=30_000)


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
        .replace("DEMO-0001", "DEMO-9002")
        .replace("Jeanne", "Blaise")
    )
    message += "IPC|ACC-EXT-9^HIS|RP-9|1.2.250.1.999.9.4712|SPS-9|DX||||DX1\n"
    assert segment(send_hl7(story.product.hl7_port, message), "MSA")[1:3] == ["AA", "M-2"]


def test_nonsense_is_refused_with_its_place(story: Story) -> None:
    answer = send_hl7(story.product.hl7_port, ORDER.replace("|M-1|", "|M-3|").replace("DEMO-0001^^^DEMO^PI", ""))
    assert segment(answer, "MSA")[1:3] == ["AE", "M-3"]
    assert "PID" in segment(answer, "ERR")[2]


# 2. The modality


def test_modality_finds_exactly_that_step(story: Story, tmp_path: Path) -> None:
    every = ask_worklist(story.product.dicom_port, tmp_path / "all", station="DX1", accession_number="")
    ours = [answer for answer in every if answer.PatientID == "DEMO-0001"]
    assert len(ours) == 1
    story.accession_number = str(ours[0].AccessionNumber)
    found = ask_worklist(story.product.dicom_port, tmp_path / "one", station="DX1", accession_number=story.accession_number)
    assert [answer.PatientID for answer in found] == ["DEMO-0001"]
    story.scheduled = found[0]
    story.study_uid = str(found[0].StudyInstanceUID)
    assert found[0].ScheduledProcedureStepSequence[0].Modality == "DX"
    assert str(found[0].PatientName).startswith("EXEMPLE-MARTEAU")


def test_stored_study_joins_the_open_list_without_reload(story: Story, chromium: Browser, tmp_path: Path) -> None:
    reader = sign_in(story, chromium, "radiologue")
    story.reader = reader
    reader.goto(f"{story.product.root}/reading")
    expect(reader.get_by_role("link", name="EXEMPLE-MARTEAU Jeanne")).to_have_count(1)
    reader.evaluate("window.staysOpen = true")
    step = PerformedStep(story.product.dicom_port, "DX1", story.scheduled)
    assert step.begin() == 0x0000
    plain = an_image(story, str(ImplicitVRLittleEndian), 1)
    path = tmp_path / "plain.dcm"
    plain.save_as(path, enforce_file_format=True)
    command = ["storescu", "-aet", "DX1", "-aec", "NEGATOSCOPE", "127.0.0.1", str(story.product.dicom_port), str(path)]
    subprocess.run(command, check=True, capture_output=True)
    expect(reader.locator(f'a[href*="{story.study_uid}"]').first).to_be_visible()
    assert reader.evaluate("window.staysOpen") is True
    story.images = [plain]
    story.step = step


def test_images_in_every_syntax_and_end_of_the_step(story: Story) -> None:
    step = story.step
    assert step is not None
    syntaxes = (JPEGLSLossless, JPEG2000Lossless, HTJ2KLossless, JPEGLosslessSV1)
    compressed = [an_image(story, str(syntax), number) for number, syntax in enumerate(syntaxes, 2)]
    assert store_with_pynetdicom(story.product.dicom_port, compressed) == [0x0000] * len(syntaxes)
    story.images += compressed
    assert step.complete(story.images) == 0x0000
    assert step.complete(story.images) == 0x0110, "a final step may no longer be updated"
    step.leave()


# DICOMweb clients can do the same


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
        assert back.PatientID == "DEMO-0001"


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


# 3. The machine's reading


def test_without_a_model_the_run_says_so_and_the_points_add_up(story: Story) -> None:
    reader = story.reader
    assert reader is not None
    reader.goto(f"{story.product.root}/reading")
    row = reader.locator("tr", has=reader.locator(f'a[href*="{story.study_uid}"]'))
    expect(row).to_contain_text("IA : aucun modèle")
    points = [int(word) for word in re.findall(r"\+(\d+)", row.inner_text())]
    keep_picture(reader, "reading-list")
    assert sum(points) == int(re.findall(r"\d+", row.locator("td").first.inner_text())[0])


# 4. The radiologist opens the study


def test_study_opens_at_full_quality_beside_its_prior(story: Story) -> None:
    reader = story.reader
    assert reader is not None
    reader.locator(f'a[href*="{story.study_uid}"]').first.click()
    see_full_quality(reader)
    expect(reader.locator("#viewer")).to_contain_text("EXEMPLE-MARTEAU")
    expect(reader.locator("#viewer")).to_contain_text("Antérieur")
    expect(reader.locator("#viewer")).to_contain_text("Aucun modèle n’est installé")
    keep_picture(reader, "reading-page")


# 5. She writes and signs


def test_draft_is_saved_as_she_types(story: Story) -> None:
    reader = story.reader
    assert reader is not None
    reader.get_by_label("Résultats").fill(SENTENCE)
    reader.get_by_label("Conclusion").fill("Épanchement pleural gauche.")
    reader.get_by_label("Anormal").check()
    expect(reader.locator("#save-state")).to_contain_text("Enregistré")
    reader.reload()
    expect(reader.get_by_label("Résultats")).to_have_value(SENTENCE)


def test_wrong_password_signs_nothing(story: Story) -> None:
    reader = story.reader
    assert reader is not None
    reader.locator("#open-sign").click()
    dialog = reader.locator("#sign-dialog")
    dialog.get_by_label("Votre mot de passe").fill("ce n'est pas lui")
    dialog.get_by_role("button", name="Signer", exact=True).click()
    expect(dialog.locator("#sign-refusal")).to_be_visible()


def test_signature_fixes_the_report(story: Story) -> None:
    reader = story.reader
    assert reader is not None
    dialog = reader.locator("#sign-dialog")
    for box in dialog.get_by_role("checkbox").all():
        if "provisoire" not in (box.get_attribute("name") or "") and box.get_attribute("name") != "preliminary":
            box.check()
    dialog.get_by_label("Votre mot de passe").fill(story.product.accounts()["radiologue"]["password"])
    dialog.get_by_role("button", name="Signer", exact=True).click()
    expect(reader.get_by_role("heading", name="Compte rendu signé")).to_be_visible()
    expect(reader.get_by_text(SENTENCE)).to_be_visible()


def test_report_is_an_encapsulated_pdf_in_the_study(story: Story, tmp_path: Path) -> None:
    client = a_client(story, "radiologue")
    found = client.search_for_instances(story.study_uid, search_filters={"SOPClassUID": str(EncapsulatedPDFStorage)})
    assert len(found) == 1
    report = client.retrieve_instance(story.study_uid, found[0]["0020000E"]["Value"][0], found[0]["00080018"]["Value"][0])
    path = tmp_path / "report.pdf"
    path.write_bytes(report.EncapsulatedDocument)
    text = subprocess.run(["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True, text=True).stdout
    for words in (SENTENCE, "EXEMPLE-MARTEAU", "Claire Vasseur"):
        assert words in text


def test_result_leaves_until_it_is_acknowledged(story: Story) -> None:
    def result() -> str | None:
        return next((message for message in story.results.messages if PLACER in message), None)

    message = seen_within(result, within_s=60, what="the ORU^R01")
    assert story.results.refused == 1, "the first delivery was hung up on"
    assert "|ORU^R01" in message
    assert "DEMO-0001" in message
    assert "JVBERi0" in message, "the PDF travels with the text"


# 6. Those who wait for it


def test_requesting_physician_reads_report_and_images(story: Story, chromium: Browser) -> None:
    page = sign_in(story, chromium, "urgentiste")
    page.goto(f"{story.product.root}/results")
    page.locator(f'a[href*="{story.study_uid}"]').first.click()
    expect(page.locator("main")).to_contain_text("Thorax en inspiration et expiration")
    page.goto(f"{story.product.root}/studies/{story.study_uid}/viewer")
    see_full_quality(page)
    page.context.close()


def test_link_opens_one_study_for_one_person(story: Story, chromium: Browser) -> None:
    reader = story.reader
    assert reader is not None
    reader.goto(f"{story.product.root}/shares/new?study={story.study_uid}")
    reader.get_by_label("Nom de la personne").fill("Dr Ailleurs")
    reader.get_by_role("button", name="Créer le lien").click()
    link, code = (reader.locator("code.secret").nth(number).inner_text().replace(" ", "") for number in (0, 1))
    guest = chromium.new_context(locale="fr-FR").new_page()
    guest.goto(link)
    guest.get_by_label("Code").fill("000000" if code != "000000" else "111111")
    guest.get_by_role("button", name="Ouvrir l’examen").click()
    expect(guest.get_by_role("alert")).to_be_visible()
    guest.goto("about:blank")
    guest.goto(link)
    guest.get_by_label("Code").fill(code)
    guest.get_by_role("button", name="Ouvrir l’examen").click()
    expect(guest.locator("main")).to_contain_text("Thorax en inspiration et expiration")
    client = a_client(story, "radiologue")
    other = next(
        study["0020000D"]["Value"][0]
        for study in client.search_for_studies()
        if study["0020000D"]["Value"][0] != story.study_uid
    )
    refused = guest.goto(f"{story.product.root}/studies/{other}")
    assert refused is not None
    assert refused.status == 404
    guest.context.close()


def test_patient_sees_exam_report_and_who_looked(story: Story, chromium: Browser) -> None:
    page = sign_in(story, chromium, "patient")
    page.goto(f"{story.product.root}/my-exams")
    main = page.locator("main")
    expect(main).to_contain_text("Thorax en inspiration et expiration")
    expect(main).to_contain_text("Dr Samir Haddad")
    expect(main).to_contain_text("Dr Claire Vasseur")
    page.context.close()


# 7. The trace


def test_every_act_stands_in_a_chain_that_verifies(story: Story) -> None:
    result = story.product.run("verify")
    assert result.returncode == 0, result.stdout + result.stderr
    sealed = re.search(r"Audit: (\d+) entries sealed, 0 faults", result.stdout)
    assert sealed is not None
    assert int(sealed.group(1)) > 50


def test_product_feels_well(story: Story) -> None:
    result = story.product.run("doctor")
    assert result.returncode == 0, result.stdout
