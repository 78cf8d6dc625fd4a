"""Who is found, who is made, and what is flagged."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest

from negatoscope.access.model import system_subject
from negatoscope.patients.identify import find_or_create_patient
from negatoscope.patients.model import Demographics, IdentityStatus, PatientId, PatientIdentifier, Sex
from negatoscope.patients.register import confirm_document, edit_traits, register_patient, settle_identity
from negatoscope.patients.search import list_patients, search_patients
from negatoscope.patients.store import get_patient
from negatoscope.platform.errors import InvalidInput, InvalidTransition, NotFound, StaleVersion
from negatoscope.platform.runtime import Platform
from tests.builders.patients import an_identifier, an_ins, some_demographics


def find(
    platform: Platform,
    *identifiers: PatientIdentifier,
    demographics: Demographics | None = None,
    source: str = "hl7",
    status: IdentityStatus = IdentityStatus.PROVISIONAL,
) -> PatientId:
    subject = system_subject(platform.tenant, "test")
    with platform.database.transaction(platform.tenant) as tx:
        return find_or_create_patient(
            tx, subject, identifiers, demographics or some_demographics(), source=source, identity_status=status
        )


def test_the_same_identifier_and_issuer_is_the_same_patient(platform: Platform) -> None:
    first = find(platform, an_identifier("17"))
    assert find(platform, an_identifier("17")) == first
    assert find(platform, an_identifier("17", issuer="ELSEWHERE")) != first


def test_the_same_traits_never_make_one_patient_of_two(platform: Platform) -> None:
    assert find(platform, an_identifier()) != find(platform, an_identifier())
    assert find(platform) != find(platform)


def test_a_patient_without_a_number_is_given_one_of_ours(platform: Platform) -> None:
    patient_id = find(platform)
    with platform.database.read(platform.tenant) as tx:
        assert get_patient(tx, patient_id).local_identifier.issuer == "NEGATOSCOPE"


def test_traits_that_disagree_flag_the_patient_and_change_nothing(platform: Platform) -> None:
    number = an_identifier()
    patient_id = find(platform, number)
    other = some_demographics("Autre", "Paul", birth_date=date(1990, 1, 1), sex=Sex.MALE)
    assert find(platform, number, demographics=other) == patient_id
    assert find(platform, number, demographics=other) == patient_id
    with platform.database.read(platform.tenant) as tx:
        patient = get_patient(tx, patient_id)
    assert patient.to_reconcile
    assert patient.demographics == some_demographics()
    assert [entry.traits for entry in patient.discrepancies] == [("family_name", "given_names", "birth_date", "sex")]


def test_identifiers_of_two_patients_in_one_message_flag_both(platform: Platform) -> None:
    one, two = an_identifier(), an_identifier(issuer="ELSEWHERE")
    first, second = find(platform, one), find(platform, two)
    assert find(platform, one, two) == first
    with platform.database.read(platform.tenant) as tx:
        assert get_patient(tx, first).to_reconcile
        assert get_patient(tx, second).to_reconcile
        assert len(get_patient(tx, first).identifiers) == 1


def test_a_known_patient_learns_new_identifiers_and_missing_traits(platform: Platform) -> None:
    one, two = an_identifier(), an_identifier(issuer="ELSEWHERE")
    patient_id = find(platform, one, demographics=Demographics(family_name="Essai-Lumiere"))
    find(platform, one, two)
    assert find(platform, two) == patient_id
    with platform.database.read(platform.tenant) as tx:
        patient = get_patient(tx, patient_id)
    assert patient.demographics.birth_date == date(1979, 3, 28)
    assert patient.demographics.family_name == "Essai-Lumiere"
    assert not patient.to_reconcile


def test_an_ins_counts_on_a_qualified_identity_alone(platform: Platform) -> None:
    provisional = find(platform, an_ins())
    qualified = find(platform, an_ins(), status=IdentityStatus.QUALIFIED)
    assert provisional != qualified
    assert find(platform, an_ins(), status=IdentityStatus.QUALIFIED) == qualified
    with platform.database.read(platform.tenant) as tx:
        assert get_patient(tx, provisional).national_identifier is None
        assert get_patient(tx, qualified).national_identifier == an_ins()


def test_an_ins_with_a_wrong_key_is_not_kept(platform: Platform) -> None:
    patient_id = find(platform, an_ins("279035121518980"), status=IdentityStatus.QUALIFIED)
    with platform.database.read(platform.tenant) as tx:
        assert get_patient(tx, patient_id).national_identifier is None


def test_a_patient_first_seen_in_an_image_is_to_be_reconciled(platform: Platform) -> None:
    patient_id = find(platform, an_identifier(), source="dicom")
    with platform.database.read(platform.tenant) as tx:
        assert get_patient(tx, patient_id).to_reconcile


def test_a_number_without_issuer_means_the_one_patient_who_agrees_on_every_trait(platform: Platform) -> None:
    known = find(platform, an_identifier("17", issuer="HOSPITAL"))
    subject = system_subject(platform.tenant, "test")

    def sent(demographics: Demographics) -> PatientId:
        with platform.database.transaction(platform.tenant) as tx:
            return find_or_create_patient(
                tx, subject, [an_identifier("17", issuer="NEGATOSCOPE")], demographics, source="dicom", issuer_assumed=True
            )

    assert sent(some_demographics("ESSAI LUMIERE", "ZOE")) == known
    assert sent(some_demographics(birth_date=None)) != known


@pytest.mark.parametrize("stranger", [{"family_name": "Zola"}, {"birth_date": date(1999, 1, 1)}])
def test_a_number_without_issuer_never_makes_a_stranger_its_bearer(platform: Platform, stranger: dict[str, object]) -> None:
    known = find(platform, an_identifier("1234", issuer="NEGATOSCOPE"))
    told = replace(some_demographics(), **stranger)  # type: ignore[arg-type]  # fields of Demographics
    subject = system_subject(platform.tenant, "test")
    with platform.database.transaction(platform.tenant) as tx:
        number = an_identifier("1234", issuer="NEGATOSCOPE")
        other = find_or_create_patient(tx, subject, [number], told, source="dicom", issuer_assumed=True)
        reasons = {
            patient_id: [entry.reason for entry in get_patient(tx, patient_id).discrepancies] for patient_id in (known, other)
        }
        borne = [entry.value for entry in get_patient(tx, other).identifiers]
    assert other != known
    assert reasons == {known: ["identifier_of_another_person"], other: ["identifier_of_another_person"]}
    assert "1234" not in borne


def test_a_number_without_issuer_means_its_bearer_elsewhere_rather_than_a_stranger_here(platform: Platform) -> None:
    find(platform, an_identifier("1234", issuer="NEGATOSCOPE"), demographics=some_demographics("Zola"))
    meant = find(platform, an_identifier("1234", issuer="HOSPITAL"))
    subject = system_subject(platform.tenant, "test")
    with platform.database.transaction(platform.tenant) as tx:
        number = an_identifier("1234", issuer="NEGATOSCOPE")
        sent = find_or_create_patient(tx, subject, [number], some_demographics(), source="dicom", issuer_assumed=True)
    assert sent == meant


def test_two_senders_at_once_make_one_patient(platform: Platform) -> None:
    number = an_identifier()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: find(platform, number), range(16)))
    assert len(set(found)) == 1


def test_what_was_looked_into_is_no_longer_flagged_until_something_new_disagrees(platform: Platform) -> None:
    number, desk = an_identifier(), system_subject(platform.tenant, "desk")
    patient_id = find(platform, number)
    find(platform, number, demographics=some_demographics("Autre"))
    with pytest.raises(InvalidInput):
        settle_identity(platform, desk, patient_id, version=1, reason=" ")
    with pytest.raises(StaleVersion):
        settle_identity(platform, desk, patient_id, version=9, reason="Faute de frappe")
    settle_identity(platform, desk, patient_id, version=1, reason="Faute de frappe")
    find(platform, number, demographics=some_demographics("Autre"))
    with platform.database.read(platform.tenant) as tx:
        patient = get_patient(tx, patient_id)
    assert (patient.to_reconcile, patient.discrepancies) == (False, ())
    find(platform, number, demographics=some_demographics("Encore"))
    with platform.database.read(platform.tenant) as tx:
        assert [entry.told.family_name for entry in get_patient(tx, patient_id).discrepancies] == ["Encore"]


def test_many_tellings_at_once_complete_one_patient(platform: Platform) -> None:
    number = an_identifier()
    patient_id = find(platform, number, demographics=Demographics(family_name="Essai-Lumiere"))
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: find(platform, number), range(16))) == {patient_id}
    with platform.database.read(platform.tenant) as tx:
        assert get_patient(tx, patient_id).demographics.birth_date == date(1979, 3, 28)


def test_another_tenant_sees_nothing(platform: Platform, other_tenant: Platform) -> None:
    patient_id = find(platform, an_identifier("17"))
    assert find(other_tenant, an_identifier("17")) != patient_id
    with other_tenant.database.read(other_tenant.tenant) as tx, pytest.raises(NotFound):
        get_patient(tx, patient_id)


@pytest.mark.parametrize(
    "typed", ["essai", "ESSAI LUMIERE", "essai-lumière zo", "lefevre", "28/03/1979", "essai 28.03.1979", "N17X", "Lefèvre^Zo"]
)
def test_search_finds_by_first_letters_birth_name_birth_date_and_number(platform: Platform, typed: str) -> None:
    wanted = find(platform, an_identifier("N17X"), demographics=some_demographics(birth_family_name="Lefèvre"))
    find(platform, an_identifier(), demographics=some_demographics("Zessai", "Anne", birth_date=date(1979, 3, 29)))
    subject = system_subject(platform.tenant, "test")
    with platform.database.read(platform.tenant) as tx:
        assert [patient.patient_id for patient in search_patients(tx, subject, typed).patients] == [wanted]


def test_search_of_one_letter_or_an_impossible_date_is_refused(platform: Platform) -> None:
    subject = system_subject(platform.tenant, "test")
    with platform.database.read(platform.tenant) as tx:
        for typed in ("d", "31/02/1979"):
            with pytest.raises(InvalidInput):
                search_patients(tx, subject, typed)
        assert search_patients(tx, subject, " ").patients == ()


def test_the_list_is_paged_without_gap_or_repetition(platform: Platform) -> None:
    made = {find(platform, an_identifier(), demographics=some_demographics(f"Nom{index % 3}")) for index in range(7)}
    subject = system_subject(platform.tenant, "test")
    seen: list[PatientId] = []
    after = None
    with platform.database.read(platform.tenant) as tx:
        while True:
            page = list_patients(tx, subject, after=after, limit=3)
            seen += [patient.patient_id for patient in page.patients]
            after = page.next_after
            if after is None:
                break
    assert len(seen) == 7
    assert set(seen) == made


def test_the_desk_gives_the_smallest_set_of_traits(platform: Platform) -> None:
    subject = system_subject(platform.tenant, "desk")
    with pytest.raises(InvalidInput) as refused:
        register_patient(platform, subject, some_demographics(birth_date=None))
    assert refused.value.field == "birth_date"


def test_a_checked_document_validates_and_an_edited_trait_takes_that_back(platform: Platform) -> None:
    subject = system_subject(platform.tenant, "desk")
    patient_id = register_patient(platform, subject, some_demographics())
    assert confirm_document(platform, subject, patient_id, version=1, document="passport") is IdentityStatus.VALIDATED
    with pytest.raises(InvalidTransition):
        confirm_document(platform, subject, patient_id, version=2, document="passport")
    edited = some_demographics(birth_date=date(1979, 3, 27))
    with pytest.raises(StaleVersion):
        edit_traits(platform, subject, patient_id, version=1, demographics=edited)
    edit_traits(platform, subject, patient_id, version=2, demographics=edited)
    with platform.database.read(platform.tenant) as tx:
        patient = get_patient(tx, patient_id)
    assert (patient.identity_status, patient.demographics.birth_date) == (IdentityStatus.PROVISIONAL, date(1979, 3, 27))
