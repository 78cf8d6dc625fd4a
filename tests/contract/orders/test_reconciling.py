"""Whose study it is, is decided by a person where no number does; what is signed stays with its patient."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from negatoscope.access.model import Role
from negatoscope.archive.stability import mark_stable
from negatoscope.archive.studies import get_study
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.orders.lookup import procedure_for_study
from negatoscope.orders.model import Order
from negatoscope.orders.reconciling import attach_study, list_unordered_studies
from negatoscope.orders.states import OrderState
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, NotFound
from negatoscope.platform.runtime import Platform
from negatoscope.reporting.drafts import open_draft, save_draft
from negatoscope.reporting.model import Body
from negatoscope.reporting.reports import is_signed_for
from negatoscope.reporting.signing import sign
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_dx_image
from tests.builders.ordered_images import an_image_of, exceptions_of, read_order
from tests.builders.orders import an_order
from tests.builders.patients import an_identifier
from tests.builders.subjects import a_user

Digest = Callable[[], None]


def test_a_person_decides_that_the_images_are_of_this_order(platform: Platform, order: Order, digest: Digest) -> None:
    image = an_image_of(order, PatientID="18")
    store_data_set(platform, image)
    digest()
    radiographer, secretary = a_user(platform, Role.RADIOGRAPHER), a_user(platform, Role.SECRETARY)
    with pytest.raises(Forbidden):
        attach_study(
            platform, secretary, order.order_id, image.StudyInstanceUID, reason="Erreur de saisie", is_signed_for=is_signed_for
        )
    with pytest.raises(InvalidInput):
        attach_study(platform, radiographer, order.order_id, image.StudyInstanceUID, reason=" ", is_signed_for=is_signed_for)
    attach_study(
        platform,
        radiographer,
        order.order_id,
        image.StudyInstanceUID,
        reason="Numéro mal saisi au poste",
        is_signed_for=is_signed_for,
    )
    with platform.database.read(platform.tenant) as tx:
        assert get_study(tx, image.StudyInstanceUID).patient_id == order.patient_id
        assert procedure_for_study(tx, image.StudyInstanceUID) is not None
    assert read_order(platform, order).state is OrderState.IN_PROGRESS
    assert exceptions_of(platform, order) == []
    with pytest.raises(NotFound):
        attach_study(
            platform,
            radiographer,
            order.order_id,
            image.StudyInstanceUID,
            reason="Une seconde fois",
            is_signed_for=is_signed_for,
        )


def test_a_person_links_a_study_that_bears_no_number_of_its_order(platform: Platform, order: Order, digest: Digest) -> None:
    image = an_image_of(order, StudyInstanceUID=new_uid(), AccessionNumber="")
    del image.RequestAttributesSequence
    store_data_set(platform, image)
    digest()
    radiographer = a_user(platform, Role.RADIOGRAPHER)
    stranger = an_order(platform)
    with platform.database.read(platform.tenant) as tx:
        assert [study.study_uid for study in list_unordered_studies(tx, order.patient_id)] == [image.StudyInstanceUID]
    with pytest.raises(NotFound):
        attach_study(
            platform,
            radiographer,
            stranger.order_id,
            image.StudyInstanceUID,
            reason="Pas le bon patient",
            is_signed_for=is_signed_for,
        )
    attach_study(
        platform,
        radiographer,
        order.order_id,
        image.StudyInstanceUID,
        reason="Seul examen du patient ce jour",
        is_signed_for=is_signed_for,
    )
    with platform.database.read(platform.tenant) as tx:
        procedure = procedure_for_study(tx, image.StudyInstanceUID)
        assert procedure is not None
        assert procedure.order_id == order.order_id
        assert list_unordered_studies(tx, order.patient_id) == []
        assert get_study(tx, image.StudyInstanceUID).accession_number == order.procedures[0].accession_number
    assert read_order(platform, order).state is OrderState.IN_PROGRESS
    with pytest.raises(NotFound):
        attach_study(
            platform,
            radiographer,
            order.order_id,
            image.StudyInstanceUID,
            reason="Une seconde fois",
            is_signed_for=is_signed_for,
        )


def sign_preliminarily(platform: Platform, study_uid: str) -> None:
    """Sign a preliminary report on a study."""
    with platform.database.transaction(platform.tenant) as tx:
        mark_stable(tx, study_uid, "performed_step_completed", at=platform.clock.now())
    password = "correct horse battery staple"
    radiologist = a_user(platform, Role.RADIOLOGIST, password=password)
    draft = open_draft(platform, radiologist, study_uid)
    saved = save_draft(platform, radiologist, draft.report_id, draft.version, Body(findings="Normal.", conclusion="Normal."))
    confirmed = frozenset({"no_order", "identity_to_reconcile"})
    sign(platform, radiologist, saved.report_id, saved.version, password, confirmed=confirmed, preliminary=True)


def test_a_study_signed_for_one_patient_is_not_given_to_another(platform: Platform, order: Order, digest: Digest) -> None:
    image = an_image_of(order, PatientID="18")
    store_data_set(platform, image)
    digest()
    study_uid = str(image.StudyInstanceUID)
    with platform.database.read(platform.tenant) as tx:
        came_for = get_study(tx, study_uid).patient_id
    sign_preliminarily(platform, study_uid)
    radiographer = a_user(platform, Role.RADIOGRAPHER)
    with pytest.raises(Conflict) as refused:
        attach_study(platform, radiographer, order.order_id, study_uid, reason="Numéro mal saisi", is_signed_for=is_signed_for)
    assert refused.value.reason == "report_signed"
    with platform.database.read(platform.tenant) as tx:
        assert get_study(tx, study_uid).patient_id == came_for
    assert exceptions_of(platform, order) == ["identity_conflict"]


def test_a_late_order_takes_no_signed_study_from_its_patient(platform: Platform, digest: Digest) -> None:
    study_uid = new_uid()
    early = a_dx_image(StudyInstanceUID=study_uid, PatientID="17", PatientName="ESSAI LUMIERE^ZOE")
    early.PatientBirthDate = "19790328"
    store_data_set(platform, early)
    digest()
    with platform.database.read(platform.tenant) as tx:
        came_for = get_study(tx, study_uid).patient_id
    sign_preliminarily(platform, study_uid)
    late = an_order(platform, identifiers=(an_identifier("17"),), study_uid=study_uid)
    assert late.patient_id != came_for
    digest()
    with platform.database.read(platform.tenant) as tx:
        assert get_study(tx, study_uid).patient_id == came_for
    assert exceptions_of(platform, late) == ["identity_conflict"]
