"""Sign-in, second factor, step-up and sign-out, with the rotation and the end of sessions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pyotp
import pytest
from sqlalchemy import select, text

from negatoscope.access import passwords, second_factor, sessions, users
from negatoscope.access.model import AuthLevel, Role, Subject, system_subject
from negatoscope.access.tables import user_sessions
from negatoscope.audit.reading import EntryFilter, search_entries
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_user

PASSWORD = "lantern-orchid-47-viaduct"
ADDRESS = "192.0.2.7"


def sign_in(platform: Platform, login: str | None, password: str = PASSWORD) -> sessions.SignedIn:
    return sessions.login(platform, login=login or "", password=password, address=ADDRESS, user_agent="Firefox")


def subject_of(platform: Platform, token: str) -> Subject:
    return sessions.session_subject(platform, token, address=ADDRESS)


def is_good(platform: Platform, token: str) -> bool:
    try:
        subject_of(platform, token)
    except Unauthenticated:
        return False
    return True


def enrol(platform: Platform, subject: Subject) -> pyotp.TOTP:
    generator = pyotp.TOTP(second_factor.begin_enrolment(platform, subject).secret)
    second_factor.confirm_enrolment(platform, subject, generator.at(platform.clock.now()))
    return generator


def outcomes(platform: Platform, action: str) -> list[str]:
    with platform.database.read(platform.tenant) as tx:
        return [sealed.entry.outcome for sealed in search_entries(tx, EntryFilter(action=action)).entries]


def test_login_opens_a_session_that_knows_the_person(platform: Platform) -> None:
    person = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    signed = sign_in(platform, f"  {person.login} ".upper())
    subject = subject_of(platform, signed.token)
    assert signed.complete
    assert (subject.user_id, subject.roles, subject.auth_level) == (person.user_id, person.roles, AuthLevel.PASSWORD)
    assert subject.authenticated_at == platform.clock.now()
    assert outcomes(platform, "login") == ["success"]


def test_token_is_kept_as_a_hash_only(platform: Platform) -> None:
    token = sign_in(platform, a_user(platform, Role.RADIOLOGIST, password=PASSWORD).login).token
    with platform.database.read(platform.tenant) as tx:
        rows = tx.execute(select(user_sessions)).all()
    assert len(token) >= 43
    assert token not in repr(rows)
    assert token.encode() not in b"".join(row.token_sha256 for row in rows)


def test_unknown_login_wrong_password_and_disabled_account_are_answered_alike(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    locked = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    without = a_user(platform, Role.RADIOLOGIST)
    assert locked.user_id is not None
    operator = system_subject(platform.tenant, "operator")
    users.disable_user(platform, operator, locked.user_id, version=1)
    work: list[int] = []
    verify = passwords.verify_password

    def counted(password_hash: str | None, typed: str) -> bool:
        work.append(1)
        return verify(password_hash, typed)

    monkeypatch.setattr(passwords, "verify_password", counted)
    answers = set()
    for login, password in (
        ("nobody-here", PASSWORD), ("nobody\x00\ud800", PASSWORD), (known.login, "wrong-password-1234"), (locked.login, PASSWORD), (without.login, PASSWORD),
    ):  # fmt: skip
        with pytest.raises(Unauthenticated) as refusal:
            sign_in(platform, login, password)
        answers.add((str(refusal.value), refusal.value.reason))
    assert answers == {("Login or password are not right.", "wrong_credentials")}
    assert len(work) == 5
    assert outcomes(platform, "login_failed") == ["refused"] * 5


def test_decoy_costs_as_much_as_a_real_hash() -> None:
    decoy, real = passwords._decoy(), passwords.hash_password(PASSWORD)
    assert decoy.split("$")[:4] == real.split("$")[:4] == ["", "argon2id", "v=19", "m=65536,t=3,p=1"]


def test_what_was_typed_as_login_is_kept_nowhere(platform: Platform) -> None:
    with pytest.raises(Unauthenticated):
        sign_in(platform, PASSWORD, PASSWORD)
    with platform.database.read(platform.tenant) as tx:
        kept = [
            repr(tx.execute(text(f"select * from {table}")).all())
            for table in ("failed_proofs", "audit_entries", "user_sessions")
        ]
    assert PASSWORD not in "".join(kept)


@pytest.mark.parametrize(("waited", "good"), [(timedelta(minutes=59), True), (timedelta(minutes=61), False)])
def test_idle_session_ends(platform: Platform, clock: TurnedClock, waited: timedelta, good: bool) -> None:
    token = sign_in(platform, a_user(platform, Role.RADIOLOGIST, password=PASSWORD).login).token
    clock.turn(waited)
    assert is_good(platform, token) is good


def test_page_that_listens_by_itself_does_not_keep_the_session(platform: Platform, clock: TurnedClock) -> None:
    token = sign_in(platform, a_user(platform, Role.RADIOLOGIST, password=PASSWORD).login).token
    for _ in range(11):
        clock.turn(timedelta(minutes=5))
        sessions.session_subject(platform, token, address=None, touches=False)
    clock.turn(timedelta(minutes=6))
    with pytest.raises(Unauthenticated):
        sessions.session_subject(platform, token, address=None, touches=False)


def test_used_session_ends_after_a_shift(platform: Platform, clock: TurnedClock) -> None:
    token = sign_in(platform, a_user(platform, Role.RADIOLOGIST, password=PASSWORD).login).token
    for _ in range(14):
        clock.turn(timedelta(minutes=50))
        assert is_good(platform, token)
    clock.turn(timedelta(minutes=50))
    assert not is_good(platform, token)


def test_logout_ends_this_session_alone(platform: Platform) -> None:
    person = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    here, there = sign_in(platform, person.login).token, sign_in(platform, person.login).token
    sessions.logout(platform, here, address=ADDRESS)
    assert (is_good(platform, here), is_good(platform, there)) == (False, True)
    assert outcomes(platform, "logout") == ["success"]


def test_step_up_gives_another_token_and_kills_the_old_one(platform: Platform, clock: TurnedClock) -> None:
    old = sign_in(platform, a_user(platform, Role.RADIOLOGIST, password=PASSWORD).login).token
    clock.turn(timedelta(minutes=30))
    before = subject_of(platform, old)
    new = sessions.step_up_session(platform, before, old, PASSWORD)
    assert not is_good(platform, old)
    after = subject_of(platform, new)
    assert after.session_id == before.session_id
    assert after.authenticated_at == clock.now()


def test_step_up_with_a_wrong_password_changes_nothing(platform: Platform, clock: TurnedClock) -> None:
    token = sign_in(platform, a_user(platform, Role.RADIOLOGIST, password=PASSWORD).login).token
    clock.turn(timedelta(minutes=30))
    with pytest.raises(Forbidden) as refusal:
        sessions.step_up(platform, subject_of(platform, token), "not-the-password")
    assert refusal.value.reason == "wrong_password"
    assert subject_of(platform, token).authenticated_at == clock.now() - timedelta(minutes=30)


@pytest.mark.parametrize("event", ["password", "roles", "disabled"])
def test_session_ends_within_the_next_request_when_the_account_changes(platform: Platform, event: str) -> None:
    person = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    assert person.user_id is not None
    token = sign_in(platform, person.login).token
    assert is_good(platform, token)
    operator = system_subject(platform.tenant, "operator")
    if event == "password":
        users.set_password(platform, operator, person.user_id, "other-lantern-52-orchid")
    elif event == "roles":
        users.set_roles(platform, operator, person.user_id, roles=[Role.SECRETARY], version=1)
    else:
        users.disable_user(platform, operator, person.user_id, version=1)
    assert not is_good(platform, token)


def test_own_password_change_ends_the_other_sessions(platform: Platform) -> None:
    person = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    here, there = sign_in(platform, person.login).token, sign_in(platform, person.login).token
    with pytest.raises(Forbidden):
        users.change_own_password(platform, subject_of(platform, here), current="wrong", new="marigold-saddle-93-fjord")
    users.change_own_password(platform, subject_of(platform, here), current=PASSWORD, new="marigold-saddle-93-fjord")
    assert (is_good(platform, here), is_good(platform, there)) == (True, False)
    with pytest.raises(Unauthenticated):
        sign_in(platform, person.login)
    assert sign_in(platform, person.login, "marigold-saddle-93-fjord").complete


def test_second_factor_is_asked_before_anything_opens(platform: Platform, clock: TurnedClock) -> None:
    person = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    generator = enrol(platform, person)
    clock.turn(timedelta(seconds=60))
    half = sign_in(platform, person.login)
    assert not half.complete
    assert not is_good(platform, half.token)
    with pytest.raises(Unauthenticated) as refusal:
        sessions.complete_login(platform, half.token, "000000", address=ADDRESS)
    assert refusal.value.reason == "wrong_code"
    done = sessions.complete_login(platform, half.token, generator.at(clock.now()), address=ADDRESS)
    assert done.token != half.token
    assert not is_good(platform, half.token)
    assert subject_of(platform, done.token).auth_level is AuthLevel.TWO_FACTOR


def test_code_works_once(platform: Platform, clock: TurnedClock) -> None:
    person = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    generator = enrol(platform, person)
    used_at_enrolment = generator.at(clock.now())
    first = sign_in(platform, person.login)
    with pytest.raises(Unauthenticated):
        sessions.complete_login(platform, first.token, used_at_enrolment, address=ADDRESS)
    clock.turn(timedelta(seconds=60))
    code = generator.at(clock.now())
    sessions.complete_login(platform, sign_in(platform, person.login).token, code, address=ADDRESS)
    second = sign_in(platform, person.login)
    with pytest.raises(Unauthenticated):
        sessions.complete_login(platform, second.token, code, address=ADDRESS)


@pytest.mark.parametrize(("drift_s", "good"), [(-30, True), (30, True), (-90, False), (90, False)])
def test_code_may_drift_by_one_step(platform: Platform, clock: TurnedClock, drift_s: int, good: bool) -> None:
    person = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    generator = enrol(platform, person)
    clock.turn(timedelta(minutes=5))
    half = sign_in(platform, person.login)
    code = generator.at(clock.now() + timedelta(seconds=drift_s))
    if good:
        assert sessions.complete_login(platform, half.token, code, address=ADDRESS).complete
    else:
        with pytest.raises(Unauthenticated):
            sessions.complete_login(platform, half.token, code, address=ADDRESS)


def test_half_a_session_lasts_five_minutes(platform: Platform, clock: TurnedClock) -> None:
    person = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    generator = enrol(platform, person)
    clock.turn(timedelta(minutes=1))
    half = sign_in(platform, person.login)
    clock.turn(timedelta(minutes=5, seconds=1))
    with pytest.raises(Unauthenticated) as refusal:
        sessions.complete_login(platform, half.token, generator.at(clock.now()), address=ADDRESS)
    assert refusal.value.reason == "no_session"


def test_enrolment_needs_a_fresh_proof_and_a_right_code(platform: Platform, clock: TurnedClock) -> None:
    person = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    stale = replace(person, seen_at=clock.now() + timedelta(minutes=11))
    with pytest.raises(Forbidden):
        second_factor.begin_enrolment(platform, stale)
    secret = second_factor.begin_enrolment(platform, person).secret
    with pytest.raises(InvalidInput):
        second_factor.confirm_enrolment(platform, person, "12345")
    assert sign_in(platform, person.login).complete
    second_factor.confirm_enrolment(platform, person, pyotp.TOTP(secret).at(clock.now()))
    with pytest.raises(Conflict):
        second_factor.begin_enrolment(platform, person)
    assert not sign_in(platform, person.login).complete
    second_factor.remove_second_factor(platform, person)
    assert sign_in(platform, person.login).complete


def test_secret_of_the_second_factor_is_not_readable_in_the_database(platform: Platform) -> None:
    person = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    secret = second_factor.begin_enrolment(platform, person).secret
    raw = pyotp.TOTP(secret).byte_secret()
    with platform.database.read(platform.tenant) as tx:
        (kept,) = tx.execute(text("select totp_wrapped_secret from users where user_id = :u"), {"u": person.user_id}).one()
    assert raw not in bytes(kept)
    assert secret.encode() not in bytes(kept)


def test_guessing_locks_the_account_for_longer_and_longer(platform: Platform, clock: TurnedClock) -> None:
    person = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    for _ in range(6):
        with pytest.raises(Unauthenticated) as refusal:
            sign_in(platform, person.login, "wrong-password-1234")
        assert refusal.value.reason == "wrong_credentials"
    with pytest.raises(Unauthenticated) as refusal:
        sign_in(platform, person.login)
    assert refusal.value.reason == "too_many_attempts"
    clock.turn(timedelta(minutes=2))
    assert sign_in(platform, person.login).complete
    for _ in range(5):
        with pytest.raises(Unauthenticated) as refusal:
            sign_in(platform, person.login, "wrong-password-1234")
        assert refusal.value.reason == "wrong_credentials"


def test_guessing_unknown_logins_is_slowed_down_alike(platform: Platform) -> None:
    reasons = []
    for _ in range(7):
        with pytest.raises(Unauthenticated) as refusal:
            sign_in(platform, "nobody-here", "wrong-password-1234")
        reasons.append(refusal.value.reason)
    assert reasons == ["wrong_credentials"] * 6 + ["too_many_attempts"]


def test_other_session_of_oneself_can_be_ended_and_nobody_elses(platform: Platform) -> None:
    person, other = (a_user(platform, Role.RADIOLOGIST, password=PASSWORD) for _ in range(2))
    here, there = sign_in(platform, person.login).token, sign_in(platform, person.login).token
    me, there_id = subject_of(platform, here), subject_of(platform, there).session_id
    foreign = subject_of(platform, sign_in(platform, other.login).token)
    assert there_id is not None
    with pytest.raises(NotFound):
        sessions.end_own_session(platform, foreign, there_id)
    with pytest.raises(NotFound):
        sessions.end_own_session(platform, me, uuid4())
    assert len(sessions.list_own_sessions(platform, me)) == 2
    sessions.end_own_session(platform, me, there_id)
    assert [session.session_id for session in sessions.list_own_sessions(platform, me)] == [me.session_id]
    assert not is_good(platform, there)
