"""Invented patients."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

from negatoscope.patients.model import Demographics, IdentifierKind, PatientIdentifier, Sex

INS_TEST_ISSUER = "ASIP-SANTE-INS-NIR"
INS_TEST_OID = "1.2.250.1.213.1.4.10"


def some_demographics(
    family_name: str = "Essai-Lumière",
    given_names: str = "Zoé",
    *,
    birth_date: date | None = date(1979, 3, 28),
    sex: Sex = Sex.FEMALE,
    birth_family_name: str = "",
) -> Demographics:
    """Return the traits of somebody who does not exist."""
    return Demographics(
        family_name=family_name,
        given_names=given_names,
        birth_date=birth_date,
        sex=sex,
        birth_family_name=birth_family_name,
    )


def an_identifier(value: str | None = None, issuer: str = "HOSPITAL") -> PatientIdentifier:
    """Return an institution's number, a new one unless told."""
    return PatientIdentifier(value or uuid4().hex[:12], issuer)


def an_ins(value: str = "279035121518989") -> PatientIdentifier:
    """Return one of the INS that the national agency publishes for tests."""
    return PatientIdentifier(value, INS_TEST_ISSUER, IdentifierKind.NATIONAL, INS_TEST_OID)
