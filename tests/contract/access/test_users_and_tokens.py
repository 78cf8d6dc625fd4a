"""Accounts and bearer tokens."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from negatoscope.access import tokens, users
from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Role, system_subject
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, NotFound, StaleVersion, Unauthenticated
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_user

GOOD = "marigold-saddle-93-fjord"


def test_operator_makes_an_account(platform: Platform) -> None:
    operator = system_subject(platform.tenant, "operator")
    user = users.create_user(
        platform, operator, login="Alix.Moreau", display_name="Dr Alix Moreau", roles=[Role.RADIOLOGIST], password=GOOD
    )
    assert (user.login, user.roles, user.has_password) == ("alix.moreau", frozenset({Role.RADIOLOGIST}), True)
    with platform.database.read(platform.tenant) as tx:
        assert users.list_users(tx, operator) == [user]


def test_login_is_unique_in_its_tenant(platform: Platform) -> None:
    operator = system_subject(platform.tenant, "operator")
    users.create_user(platform, operator, login="alix", display_name="Alix", roles=[Role.SECRETARY])
    with pytest.raises(Conflict) as refusal:
        users.create_user(platform, operator, login="ALIX", display_name="Other", roles=[Role.SECRETARY])
    assert refusal.value.reason == "login_taken"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"login": "a b"}, "login"),
        ({"login": ""}, "login"),
        ({"login": "é"}, "login"),
        ({"login": "a" * 65}, "login"),
        ({"display_name": ""}, "display_name"),
        ({"display_name": "a\nb"}, "display_name"),
        ({"roles": []}, "roles"),
        ({"roles": [Role.PATIENT]}, "roles"),
        ({"roles": [Role.SECRETARY], "patient_id": uuid4()}, "roles"),
        ({"language": "de"}, "language"),
        ({"password": "short"}, "password"),
    ],
)
def test_account_that_could_not_work_is_refused(platform: Platform, values: dict[str, object], field: str) -> None:
    given = {"login": "alix", "display_name": "Alix", "roles": [Role.SECRETARY]} | values
    with pytest.raises(InvalidInput) as refusal:
        users.create_user(platform, system_subject(platform.tenant, "operator"), **given)  # type: ignore[arg-type] # varied
    assert refusal.value.field == field


def test_only_those_who_manage_accounts_make_or_list_them(platform: Platform) -> None:
    radiologist = a_user(platform, Role.RADIOLOGIST)
    with pytest.raises(Forbidden):
        users.create_user(platform, radiologist, login="x", display_name="X", roles=[Role.ADMINISTRATOR])
    with platform.database.read(platform.tenant) as tx, pytest.raises(NotFound):
        users.list_users(tx, radiologist)


def test_administrator_needs_a_fresh_proof_to_change_and_none_to_look(platform: Platform, clock: TurnedClock) -> None:
    administrator = a_user(platform, Role.ADMINISTRATOR)
    stale = replace(administrator, seen_at=clock.now() + timedelta(minutes=11))
    with pytest.raises(Forbidden) as refusal:
        users.create_user(platform, stale, login="x", display_name="X", roles=[Role.SECRETARY])
    assert refusal.value.reason == "needs_step_up"
    with platform.database.read(platform.tenant) as tx:
        assert [user.user_id for user in users.list_users(tx, stale)] == [administrator.user_id]


def test_nobody_changes_the_own_roles(platform: Platform) -> None:
    administrator = a_user(platform, Role.ADMINISTRATOR)
    assert administrator.user_id is not None
    with pytest.raises(Forbidden) as refusal:
        users.set_roles(platform, administrator, administrator.user_id, roles=[Role.RADIOLOGIST], version=1)
    assert refusal.value.reason == "own_rights"


def test_lead_radiologist_states_a_reason(platform: Platform) -> None:
    lead, person = a_user(platform, Role.LEAD_RADIOLOGIST), a_user(platform, Role.RESIDENT)
    assert person.user_id is not None
    with pytest.raises(Forbidden) as refusal:
        users.set_roles(platform, lead, person.user_id, roles=[Role.RADIOLOGIST], version=1)
    assert refusal.value.reason == "needs_reason"
    changed = users.set_roles(
        platform, lead, person.user_id, roles=[Role.RADIOLOGIST], version=1, reason="end of residency, diploma seen"
    )
    assert changed.roles == {Role.RADIOLOGIST}


def test_two_administrators_do_not_overwrite_each_other(platform: Platform) -> None:
    operator, person = system_subject(platform.tenant, "operator"), a_user(platform, Role.RESIDENT)
    assert person.user_id is not None
    users.set_roles(platform, operator, person.user_id, roles=[Role.RADIOLOGIST], version=1)
    with pytest.raises(StaleVersion):
        users.disable_user(platform, operator, person.user_id, version=1)


def test_token_acts_for_its_account_without_fresh_proof(platform: Platform) -> None:
    person = a_user(platform, Role.RADIOLOGIST)
    assert person.user_id is not None
    text_, row = tokens.create_token(platform, person, user_id=person.user_id, title="research export")
    assert text_.startswith(f"negatoscope_{row.token_id}_")
    subject = tokens.token_subject(platform, text_, address="192.0.2.1")
    with platform.database.read(platform.tenant) as tx:
        authorise(tx, subject, Action.QUERY_IMAGES)
        with pytest.raises(Forbidden) as refusal:
            authorise(tx, subject, Action.SIGN_FINAL, patient_id=uuid4())
    assert refusal.value.reason == "needs_step_up"


@pytest.mark.parametrize("by", ["administrator", "owner", "owner_who_keeps_them"])
def test_new_password_ends_the_tokens_of_a_stolen_account(platform: Platform, by: str) -> None:
    person, neighbour = a_user(platform, Role.RADIOLOGIST, password=GOOD), a_user(platform, Role.RADIOLOGIST)
    assert person.user_id is not None
    assert neighbour.user_id is not None
    stolen, _ = tokens.create_token(platform, person, user_id=person.user_id, title="research export")
    other, _ = tokens.create_token(platform, neighbour, user_id=neighbour.user_id, title="research export")
    if by == "administrator":
        operator = system_subject(platform.tenant, "operator")
        users.set_password(platform, operator, person.user_id, "other-lantern-52-orchid")
    else:
        users.change_own_password(platform, person, current=GOOD, new="other-lantern-52-orchid", ends_tokens=by == "owner")
    assert tokens.token_subject(platform, other, address=None).user_id == neighbour.user_id
    if by == "owner_who_keeps_them":
        assert tokens.token_subject(platform, stolen, address=None).user_id == person.user_id
        return
    with pytest.raises(Unauthenticated):
        tokens.token_subject(platform, stolen, address=None)


def test_scopes_of_a_token_cut_its_rights(platform: Platform) -> None:
    person = a_user(platform, Role.RADIOLOGIST)
    assert person.user_id is not None
    text_, _ = tokens.create_token(platform, person, user_id=person.user_id, title="viewer", scopes=[Action.QUERY_IMAGES])
    subject = tokens.token_subject(platform, text_, address=None)
    with platform.database.read(platform.tenant) as tx:
        authorise(tx, subject, Action.QUERY_IMAGES)
        with pytest.raises(Forbidden) as refusal:
            authorise(tx, subject, Action.VIEW_IMAGES, patient_id=uuid4())
    assert refusal.value.reason == "out_of_scope"


def test_bad_tokens_are_answered_alike(platform: Platform, clock: TurnedClock) -> None:
    person, other = a_user(platform, Role.RADIOLOGIST), a_user(platform, Role.RADIOLOGIST)
    assert person.user_id is not None
    assert other.user_id is not None
    good, row = tokens.create_token(platform, person, user_id=person.user_id, title="good", life=timedelta(days=1))
    revoked, gone = tokens.create_token(platform, person, user_id=person.user_id, title="revoked")
    tokens.revoke_token(platform, person, gone.token_id)
    orphan, _ = tokens.create_token(platform, other, user_id=other.user_id, title="of a disabled account")
    users.disable_user(platform, system_subject(platform.tenant, "operator"), other.user_id, version=1)
    assert tokens.token_subject(platform, good, address=None).user_id == person.user_id
    clock.turn(timedelta(days=1))
    answers = set()
    for bad in (
        good, revoked, orphan, good[:-1], good + "x", f"negatoscope_{row.token_id}_", "negatoscope__", "", "x_y_z",
        "negatoscope_" + "0" * 16 + "_" + good.rsplit("_", 1)[1], "\x00", "negatoscope_\ud800_x",
    ):  # fmt: skip
        with pytest.raises(Unauthenticated) as refusal:
            tokens.token_subject(platform, bad, address=None)
        answers.add((str(refusal.value), refusal.value.reason))
    assert answers == {("This token is not good.", "token_not_good")}


def test_token_is_kept_as_a_hash_only(platform: Platform) -> None:
    person = a_user(platform, Role.RADIOLOGIST)
    assert person.user_id is not None
    text_, _ = tokens.create_token(platform, person, user_id=person.user_id, title="viewer")
    with platform.database.read(platform.tenant) as tx:
        kept = "".join(repr(tx.execute(text(f"select * from {t}")).all()) for t in ("api_tokens", "audit_entries"))
    assert text_.split("_", 2)[2] not in kept


def test_nobody_makes_or_ends_a_token_for_another(platform: Platform) -> None:
    administrator, person = a_user(platform, Role.ADMINISTRATOR), a_user(platform, Role.RADIOLOGIST)
    assert person.user_id is not None
    with pytest.raises(Forbidden):
        tokens.create_token(platform, administrator, user_id=person.user_id, title="borrowed")
    _, row = tokens.create_token(platform, person, user_id=person.user_id, title="own")
    with pytest.raises(NotFound):
        tokens.revoke_token(platform, administrator, row.token_id)


def test_token_cannot_make_another_token(platform: Platform) -> None:
    person = a_user(platform, Role.RADIOLOGIST)
    assert person.user_id is not None
    text_, _ = tokens.create_token(platform, person, user_id=person.user_id, title="first")
    acting = tokens.token_subject(platform, text_, address=None)
    with pytest.raises(Forbidden):
        tokens.create_token(platform, acting, user_id=person.user_id, title="second")


def test_token_lives_a_year_at_most(platform: Platform) -> None:
    person = a_user(platform, Role.RADIOLOGIST)
    assert person.user_id is not None
    with pytest.raises(InvalidInput):
        tokens.create_token(platform, person, user_id=person.user_id, title="for ever", life=timedelta(days=366))
