"""The person at a device: who must name himself, is checked, is answered, and is named in the trail."""

from __future__ import annotations

import pytest
from pynetdicom import AE
from pynetdicom.association import Association as PeerAssociation
from pynetdicom.pdu_primitives import UserIdentityNegotiation
from sqlalchemy import text

from negatoscope.access.devices import device_for, register_device
from negatoscope.access.model import Action, Role, system_subject
from negatoscope.access.users import create_user
from negatoscope.doors.dimse.pdu import Rejection
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_user

VERIFICATION = "1.2.840.10008.1.1"
STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2.1"
LOGIN, PASSWORD = "claire.martin", "quiet-lamp-under-the-stairs"
USERNAME, WITH_PASSCODE, JSON_WEB_TOKEN = 1, 2, 5


@pytest.fixture
def person(platform: Platform) -> None:
    create_user(
        platform,
        system_subject(platform.tenant, "operator"),
        login=LOGIN,
        display_name="Claire Martin",
        roles=[Role.RADIOGRAPHER],
        password=PASSWORD,
    )


@pytest.fixture
def demanding(platform: Platform, person: None) -> None:
    """A device at which a person must name himself."""
    register_device(
        platform,
        a_user(platform, Role.ADMINISTRATOR),
        ae_title="DX1",
        description="Room of the tests",
        addresses=["127.0.0.1"],
        services=[Action.QUERY_IMAGES],
        asks_user=True,
    )


def an_identity(kind: int, primary: str, secondary: str = "", *, wants_response: bool = True) -> UserIdentityNegotiation:
    identity = UserIdentityNegotiation()
    identity.user_identity_type = kind
    identity.positive_response_requested = wants_response
    identity.primary_field, identity.secondary_field = primary.encode(), secondary.encode()
    return identity


def associate(port: int, identity: UserIdentityNegotiation | None, calling: str = "DX1") -> PeerAssociation:
    entity = AE(ae_title=calling)
    entity.add_requested_context(VERIFICATION)
    entity.add_requested_context(STUDY_ROOT)
    items = None if identity is None else [identity]
    return entity.associate("127.0.0.1", port, ae_title="NEGATOSCOPE", ext_neg=items)  # type: ignore[arg-type]  # one of the union


def reasons(platform: Platform, action: str) -> list[tuple[str, str | None]]:
    with platform.database.read(platform.tenant) as tx:
        query = text("select actor_name, reason from audit_entries where action = :action")
        return [(row.actor_name, row.reason) for row in tx.execute(query, {"action": action})]


@pytest.mark.usefixtures("demanding")
def test_a_person_who_is_right_is_let_in_told_so_and_named_in_the_trail(platform: Platform, port: int) -> None:
    association = associate(port, an_identity(WITH_PASSCODE, LOGIN, PASSWORD))
    assert association.is_established
    assert association.acceptor.user_identity is not None
    assert association.acceptor.user_identity.server_response == b""
    association.release()
    assert [name for name, _ in reasons(platform, "login")] == ["DX1 (Claire Martin)"]


@pytest.mark.usefixtures("demanding")
def test_no_response_is_given_where_none_was_asked_for(port: int) -> None:
    association = associate(port, an_identity(WITH_PASSCODE, LOGIN, PASSWORD, wants_response=False))
    assert association.is_established
    assert association.acceptor.user_identity is None
    association.release()


@pytest.mark.usefixtures("demanding")
@pytest.mark.parametrize(
    "identity",
    [
        None,
        an_identity(USERNAME, LOGIN),
        an_identity(JSON_WEB_TOKEN, "e30.e30."),
        an_identity(WITH_PASSCODE, LOGIN, "wrong"),
        an_identity(WITH_PASSCODE, "nobody", PASSWORD),
        an_identity(WITH_PASSCODE, "x' or 'a'='a", PASSWORD),
    ],
    ids=["none", "name alone", "token", "wrong password", "unknown", "signs"],
)
def test_a_device_that_must_name_a_person_is_refused_without_the_proof(
    platform: Platform, port: int, identity: UserIdentityNegotiation | None
) -> None:
    association = associate(port, identity)
    assert association.is_rejected
    answer = association.acceptor.primitive
    assert answer is not None
    refusal = Rejection.NO_REASON
    assert (answer.result, answer.result_source, answer.diagnostic) == (refusal.result, refusal.source, refusal.reason)
    assert reasons(platform, "associate")
    assert not reasons(platform, "login")


@pytest.mark.usefixtures("person")
def test_a_device_that_need_not_name_a_person_is_checked_only_where_it_wants_an_answer(port: int) -> None:
    unasked = associate(port, an_identity(WITH_PASSCODE, LOGIN, "wrong", wants_response=False), calling="ANY")
    assert unasked.is_established
    unasked.release()
    assert associate(port, an_identity(WITH_PASSCODE, LOGIN, "wrong"), calling="ANY").is_rejected
    by_name = associate(port, an_identity(USERNAME, LOGIN), calling="ANY")
    assert by_name.is_established
    assert by_name.acceptor.user_identity is None, "a name alone is no proof, so it is not confirmed"
    by_name.release()


@pytest.mark.usefixtures("demanding")
def test_guessing_is_slowed_down_as_at_sign_in(port: int) -> None:
    for _ in range(12):
        associate(port, an_identity(WITH_PASSCODE, LOGIN, "wrong"))
    assert associate(port, an_identity(WITH_PASSCODE, LOGIN, PASSWORD)).is_rejected


@pytest.mark.usefixtures("demanding")
def test_a_wire_without_logins_does_not_know_a_device_that_must_name_a_person(platform: Platform) -> None:
    with platform.database.read(platform.tenant) as tx:
        assert device_for(tx, "DX1", "127.0.0.1", False) is None
