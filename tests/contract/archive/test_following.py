"""Studies show the identity on record, however it came to be what it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from negatoscope.access.model import system_subject
from negatoscope.archive.following import FOLLOW_PATIENT
from negatoscope.archive.studies import get_study
from negatoscope.patients.identify import find_or_create_patient
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_dx_image
from tests.builders.patients import an_identifier, some_demographics


def test_studies_follow_a_patient_whose_missing_traits_become_known(platform: Platform, react: Callable[..., int]) -> None:
    image = a_dx_image(PatientID="17", IssuerOfPatientID="HOSPITAL", PatientName="ESSAI LUMIERE^ZOE")
    image.PatientBirthDate = ""
    store_data_set(platform, image)
    with platform.database.transaction(platform.tenant) as tx:
        desk = system_subject(platform.tenant, "desk")
        find_or_create_patient(tx, desk, [an_identifier("17")], some_demographics(), source="hl7")
    react(FOLLOW_PATIENT)
    with platform.database.read(platform.tenant) as tx:
        assert get_study(tx, image.StudyInstanceUID).patient_birth_date == date(1979, 3, 28)
