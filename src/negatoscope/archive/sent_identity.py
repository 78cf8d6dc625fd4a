"""Read the patient and the folded names out of what a modality sent."""

from __future__ import annotations

from negatoscope.formats.dicom.attributes import InstanceAttributes
from negatoscope.patients.model import Demographics, PatientIdentifier, Sex
from negatoscope.platform.errors import InvalidInput

_COMPONENTS = 5


def identifiers_of(attributes: InstanceAttributes, default_issuer: str) -> list[PatientIdentifier]:
    """Return the Patient ID with its issuer; an identifier that no patient can bear is left out, never cut."""
    if not attributes.patient_id:
        return []
    try:
        return [PatientIdentifier(attributes.patient_id, issuer_of(attributes, default_issuer))]
    except InvalidInput:
        return []


def issuer_of(attributes: InstanceAttributes, default_issuer: str) -> str:
    """Return who gave the Patient ID: the namespace, else the universal identifier, else our own default."""
    return attributes.issuer_of_patient_id or attributes.issuer_of_patient_id_universal or default_issuer


def demographics_of(attributes: InstanceAttributes) -> Demographics:
    """Return the traits sent. Middle names follow the given names (PS3.5 6.2.1.2: family, given, middle, prefix, suffix)."""
    group = next((part for part in attributes.patient_name.split("=") if part.strip(" ^")), "")
    parts = [part.strip() for part in group.split("^")] + [""] * _COMPONENTS
    sexes = {"M": Sex.MALE, "F": Sex.FEMALE, "O": Sex.OTHER}
    given = " ".join(part for part in parts[1:3] if part)
    born, sex = attributes.patient_birth_date, sexes.get(attributes.patient_sex, Sex.UNKNOWN)
    try:
        return Demographics(family_name=parts[0], given_names=given, birth_date=born, sex=sex)
    except InvalidInput:
        # A name longer than any standard allows says nothing that could identify anybody.
        return Demographics(birth_date=born, sex=sex)
