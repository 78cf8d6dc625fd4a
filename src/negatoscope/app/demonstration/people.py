"""The people of the demonstration: accounts of each role, and patients. All are invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from negatoscope.access.model import Role
from negatoscope.patients.model import Demographics, PatientIdentifier, Sex

ISSUER = "DEMO"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the demonstration; its password is made when the department is furnished."""

    login: str
    display_name: str
    roles: frozenset[Role]
    professional_identifier: str | None = None
    what_to_try: str = ""


ACCOUNTS = (
    Account("radiologue", "Dr Claire Vasseur", frozenset({Role.RADIOLOGIST}), "899700000011", "read the list, report, sign"),
    Account("chef", "Dr Paul Lestrange", frozenset({Role.LEAD_RADIOLOGIST}), "899700000022", "the same, and take over"),
    Account("interne", "Nora Belkacem", frozenset({Role.RESIDENT}), None, "prepare reports for a senior"),
    Account("manip", "Yann Kerbrat", frozenset({Role.RADIOGRAPHER}), None, "the rooms of the day"),
    Account("secretaire", "Odile Marchand", frozenset({Role.SECRETARY}), None, "type an order, check a patient in"),
    Account("urgentiste", "Dr Samir Haddad", frozenset({Role.REFERRER}), "899700000033", "results of his patients"),
    Account("physicien", "Inès Fontanel", frozenset({Role.PHYSICIST}), None, "the dose register"),
    Account("identite", "Rémi Aubertin", frozenset({Role.IDENTITY_OFFICER}), None, "identities to settle"),
    Account("admin", "Lucie Tran", frozenset({Role.ADMINISTRATOR}), None, "accounts, devices, messages, state of the system"),
    Account("dpo", "Hélène Castaing", frozenset({Role.AUDITOR}), None, "the audit trail"),
)
PATIENT_LOGIN = "patient"


@dataclass(frozen=True, slots=True)
class Person:
    """A patient of the demonstration."""

    number: str
    family_name: str
    given_name: str
    birth_date: date
    sex: Sex

    @property
    def identifier(self) -> PatientIdentifier:
        """Return the identifier under which the department knows the patient."""
        return PatientIdentifier(value=self.number, issuer=ISSUER)

    @property
    def demographics(self) -> Demographics:
        """Return the traits of the patient."""
        return Demographics(family_name=self.family_name, given_names=self.given_name, birth_date=self.birth_date, sex=self.sex)


PATIENTS = (
    Person("DEMO-0001", "EXEMPLE-MARTEAU", "Jeanne", date(1951, 3, 14), Sex.FEMALE),
    Person("DEMO-0002", "EXEMPLE-DUBREUIL", "Étienne", date(1968, 11, 2), Sex.MALE),
    Person("DEMO-0003", "EXEMPLE-OUARZATE", "Leïla", date(1990, 6, 21), Sex.FEMALE),
    Person("DEMO-0004", "EXEMPLE-PELLETIER", "Augustin", date(2014, 9, 9), Sex.MALE),
    Person("DEMO-0005", "EXEMPLE-KOWALSKA", "Zofia", date(1943, 1, 30), Sex.FEMALE),
    Person("DEMO-0006", "EXEMPLE-LE GOFF", "Maël", date(1979, 7, 17), Sex.MALE),
    Person("DEMO-0007", "EXEMPLE-BARTHÉLEMY", "Solène", date(2001, 12, 5), Sex.FEMALE),
    Person("DEMO-0008", "EXEMPLE-NGUYEN", "Thi Mai", date(1936, 4, 25), Sex.FEMALE),
)
