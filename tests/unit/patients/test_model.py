"""Demographics, what disagrees between two tellings, and trust in an identity."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.patients.model import (
    IDENTITY_TRANSITIONS,
    Demographics,
    IdentityEvent,
    IdentityStatus,
    PatientIdentifier,
    Sex,
    complete,
    differing_traits,
    next_identity_status,
)
from negatoscope.patients.national_identifier import is_ins, is_ins_issuer
from negatoscope.platform.errors import InvalidInput, InvalidTransition

KNOWN = Demographics(
    family_name="Martin",
    given_names="Zoé",
    birth_date=date(1980, 2, 29),
    sex=Sex.FEMALE,
    birth_family_name="Lefèvre",
    birth_given_names="Zoé, Anne",
)


def test_demographics_take_controls_out_of_names() -> None:
    told = Demographics(family_name="Mar\x00tin\r\nMSH|", given_names="Zo\u202ee")
    assert told.family_name == "Mar tin MSH|"
    assert told.given_names == "Zoe"


def test_demographics_refuse_a_name_longer_than_any_standard() -> None:
    with pytest.raises(InvalidInput) as refused:
        Demographics(family_name="A" * 195)
    assert refused.value.field == "family_name"
    assert "AAA" not in str(refused.value)


@pytest.mark.parametrize(("value", "issuer"), [("", "HOSPITAL"), (" ", "HOSPITAL"), ("1", ""), ("9" * 65, "HOSPITAL")])
def test_identifier_is_never_half_known(value: str, issuer: str) -> None:
    with pytest.raises(InvalidInput):
        PatientIdentifier(value, issuer)


@pytest.mark.parametrize(
    ("told", "traits"),
    [
        (Demographics(family_name="MARTIN", given_names="ZOE"), ()),
        (Demographics(family_name="LEFEVRE", given_names="Anne"), ()),
        (Demographics(family_name="Durand", given_names="Zoé"), ("family_name",)),
        (Demographics(family_name="Durand", birth_family_name="Lefevre"), ()),
        (Demographics(family_name="Martin", given_names="Paul"), ("given_names",)),
        (Demographics(birth_date=date(1980, 3, 1)), ("birth_date",)),
        (Demographics(sex=Sex.MALE), ("sex",)),
        (Demographics(), ()),
    ],
)
def test_differing_traits_are_those_on_which_both_speak(told: Demographics, traits: tuple[str, ...]) -> None:
    assert differing_traits(KNOWN, told) == traits
    assert differing_traits(told, KNOWN) == traits


def test_complete_fills_gaps_and_overwrites_nothing() -> None:
    told = Demographics(family_name="Durand", birth_place_code="63220", sex=Sex.MALE)
    completed = complete(KNOWN, told)
    assert completed.birth_place_code == "63220"
    assert (completed.family_name, completed.sex) == ("Martin", Sex.FEMALE)


def test_display_name_shows_the_birth_name_where_it_differs() -> None:
    assert KNOWN.display_name == "MARTIN Zoé (LEFÈVRE)"
    assert Demographics(family_name="Lefevre", birth_family_name="Lefèvre").display_name == "LEFEVRE"


@pytest.mark.parametrize(("status", "event"), list(product(IdentityStatus, IdentityEvent)))
@pytest.mark.parametrize("flags", [frozenset(), frozenset({"DOUT"}), frozenset({"HOMA"})])
def test_trust_moves_only_as_the_table_says(status: IdentityStatus, event: IdentityEvent, flags: frozenset[str]) -> None:
    target = IDENTITY_TRANSITIONS.get((status, event))
    grows = event in (IdentityEvent.DOCUMENT_CHECKED, IdentityEvent.NATIONAL_IDENTITY_RETRIEVED)
    if target is None or (grows and "DOUT" in flags):
        with pytest.raises(InvalidTransition):
            next_identity_status(status, event, flags)
    else:
        assert next_identity_status(status, event, flags) is target


@given(st.lists(st.sampled_from(IdentityEvent), max_size=12))
def test_qualified_needs_both_proofs(events: list[IdentityEvent]) -> None:
    status, proofs = IdentityStatus.PROVISIONAL, set[IdentityEvent]()
    for event in events:
        try:
            status = next_identity_status(status, event)
        except InvalidTransition:
            continue
        proofs.add(event)
        if status is IdentityStatus.QUALIFIED:
            assert {IdentityEvent.DOCUMENT_CHECKED, IdentityEvent.NATIONAL_IDENTITY_RETRIEVED} <= proofs


# Numbers published by the national agency for tests; they belong to nobody.
@pytest.mark.parametrize("value", ["279035121518989", "162018885045327", "248039263001064", "283084121661677"])
def test_ins_key_of_the_published_test_numbers_is_right(value: str) -> None:
    assert is_ins(value)


@given(st.integers(0, 14), st.integers(1, 9))
def test_ins_with_one_digit_changed_is_refused(position: int, by: int) -> None:
    value = "279035121518989"
    changed = value[:position] + str((int(value[position]) + by) % 10) + value[position + 1 :]
    assert not is_ins(changed)


def test_ins_of_corsica_counts_letters_as_numbers() -> None:
    number = "180012A000001"
    assert is_ins(number + f"{97 - int('1800119000001') % 97:02d}")
    assert not is_ins(number + f"{97 - int('1800118000001') % 97:02d}")


def test_ins_is_known_by_its_oid_before_its_name() -> None:
    assert is_ins_issuer("ASIP-SANTE-INS-NIR", None)
    assert is_ins_issuer("whatever", "1.2.250.1.213.1.4.8")
    assert not is_ins_issuer("ASIP-SANTE-INS-NIR", "1.2.3")
