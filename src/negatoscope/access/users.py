"""Accounts: make, change, lock and unlock them. Every change is traced, and ends sessions that it makes stale."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID, uuid4

from sqlalchemy import Connection

from negatoscope.access import passwords
from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Role, Subject
from negatoscope.access.people import User, check_login, check_password, check_person, normal_login
from negatoscope.access.policy import may_ever
from negatoscope.access.sessions import step_up
from negatoscope.access.store import people
from negatoscope.access.store.sessions import revoke_sessions
from negatoscope.access.store.tokens import revoke_tokens_of
from negatoscope.audit.model import JsonValue
from negatoscope.audit.trail import record
from negatoscope.platform.errors import Forbidden, InvalidInput, NotFound
from negatoscope.platform.runtime import Platform

LANGUAGES = frozenset({"fr", "en"})
THEMES = frozenset({"light", "dark", "reading-room"})


def create_user(
    platform: Platform,
    subject: Subject,
    *,
    login: str,
    display_name: str,
    roles: Iterable[Role],
    password: str | None = None,
    professional_identifier: str | None = None,
    language: str | None = None,
    patient_id: UUID | None = None,
    reason: str | None = None,
) -> User:
    """Add an account and return it; without a password nobody can sign in to it yet."""
    name = normal_login(login)
    check_login(name)
    held = frozenset(roles)
    check_person(display_name=display_name, roles=held, patient_id=patient_id)
    _check_choice(language, LANGUAGES, "language")
    if password is not None:
        check_password(password, login=name, display_name=display_name)
    password_hash = passwords.hash_password(password) if password is not None else None
    user_id = uuid4()
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_USERS, reason=reason)
        people.insert_user(
            tx,
            user_id=user_id,
            login=name,
            display_name=display_name.strip(),
            roles=held,
            password_hash=password_hash,
            professional_identifier=professional_identifier or None,
            language=language,
            patient_id=patient_id,
            at=platform.clock.now(),
        )
        record(
            tx,
            subject.actor,
            "create_user",
            objects={"user": str(user_id), "roles": sorted(role.value for role in held)},
            reason=reason,
        )
        return people.get_user(tx, user_id)


def list_users(tx: Connection, subject: Subject, *, after: str = "", limit: int = 200) -> list[User]:
    """Return accounts in the order of their login, for those who manage them (with any proof, old or fresh)."""
    _require_manager(subject)
    return people.list_users(tx, after=after, limit=limit)


def get_user(tx: Connection, subject: Subject, user_id: UUID) -> User:
    """Return one account, for those who manage them."""
    _require_manager(subject)
    return people.get_user(tx, user_id)


def find_user(tx: Connection, login: str) -> User | None:
    """Return the account of a login: an inner function, the caller decides who may ask."""
    return people.find_user_by_login(tx, normal_login(login))


def find_professional(tx: Connection, professional_identifier: str) -> User | None:
    """Return the account of a health professional by the national identifier: an inner function."""
    return people.find_user_by_professional_identifier(tx, professional_identifier)


def set_password(platform: Platform, subject: Subject, user_id: UUID, password: str, *, reason: str | None = None) -> None:
    """Give an account a new password; every session and every token of it ends, for it may have been stolen."""
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_USERS, reason=reason)
        user = people.get_user(tx, user_id)
        check_password(password, login=user.login, display_name=user.display_name)
    _store_password(platform, subject, user, password, spare=None, ends_tokens=True, reason=reason)


def change_own_password(platform: Platform, subject: Subject, *, current: str, new: str, ends_tokens: bool = False) -> None:
    """Change the subject's own password, given the present one; the other sessions end, this one stays.

    `ends_tokens`: the bearer tokens of the account end as well.
    """
    confirmed = step_up(platform, subject, current)
    if confirmed.user_id is None:
        raise Forbidden("Only a person has a password.")
    with platform.database.read(platform.tenant) as tx:
        user = people.get_user(tx, confirmed.user_id)
    check_password(new, login=user.login, display_name=user.display_name)
    _store_password(platform, subject, user, new, spare=subject.session_id, ends_tokens=ends_tokens, reason=None)


def set_roles(
    platform: Platform,
    subject: Subject,
    user_id: UUID,
    *,
    roles: Iterable[Role],
    version: int,
    patient_id: UUID | None = None,
    reason: str | None = None,
) -> User:
    """Change what a person may do; nobody changes the own roles. Every session of the person ends."""
    held = frozenset(roles)
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_USERS, reason=reason)
        _not_oneself(subject, user_id)
        user = people.get_user(tx, user_id)
        record_id = patient_id if patient_id is not None or Role.PATIENT not in held else user.patient_id
        check_person(display_name=user.display_name, roles=held, patient_id=record_id)
        people.update_user(tx, user_id, expected_version=version, roles=sorted(held), patient_id=record_id)
        revoke_sessions(tx, at=platform.clock.now(), because="roles_changed", user_id=user_id)
        record(
            tx,
            subject.actor,
            "change_roles",
            objects={
                "user": str(user_id),
                "before": sorted(role.value for role in user.roles),
                "after": sorted(role.value for role in held),
            },
            reason=reason,
        )
        return people.get_user(tx, user_id)


def disable_user(platform: Platform, subject: Subject, user_id: UUID, *, version: int, reason: str | None = None) -> User:
    """Lock an account; its sessions end, its tokens are refused."""
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_USERS, reason=reason)
        _not_oneself(subject, user_id)
        now = platform.clock.now()
        people.update_user(tx, user_id, expected_version=version, disabled_at=now)
        revoke_sessions(tx, at=now, because="disabled", user_id=user_id)
        record(tx, subject.actor, "disable_user", objects={"user": str(user_id)}, reason=reason)
        return people.get_user(tx, user_id)


def enable_user(platform: Platform, subject: Subject, user_id: UUID, *, version: int, reason: str | None = None) -> User:
    """Unlock an account."""
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_USERS, reason=reason)
        _not_oneself(subject, user_id)
        people.update_user(tx, user_id, expected_version=version, disabled_at=None)
        record(tx, subject.actor, "enable_user", objects={"user": str(user_id)}, reason=reason)
        return people.get_user(tx, user_id)


def set_language(platform: Platform, subject: Subject, language: str) -> None:
    """Keep the subject's language in the account."""
    _check_choice(language, LANGUAGES, "language")
    if subject.user_id is not None:
        with platform.database.transaction(platform.tenant) as tx:
            people.update_user(tx, subject.user_id, language=language)


def set_theme(platform: Platform, subject: Subject, theme: str) -> None:
    """Keep the subject's theme in the account."""
    _check_choice(theme, THEMES, "theme")
    if subject.user_id is not None:
        with platform.database.transaction(platform.tenant) as tx:
            people.update_user(tx, subject.user_id, theme=theme)


def _store_password(
    platform: Platform,
    subject: Subject,
    user: User,
    password: str,
    *,
    spare: UUID | None,
    ends_tokens: bool,
    reason: str | None,
) -> None:
    password_hash = passwords.hash_password(password)
    with platform.database.transaction(platform.tenant) as tx:
        now = platform.clock.now()
        people.update_user(tx, user.user_id, password_hash=password_hash, password_changed_at=now)
        revoke_sessions(tx, at=now, because="password_changed", user_id=user.user_id, spare=spare)
        ended = revoke_tokens_of(tx, user.user_id, at=now) if ends_tokens else 0
        objects: dict[str, JsonValue] = {"user": str(user.user_id), "tokens_ended": ended}
        record(tx, subject.actor, "set_password", objects=objects, reason=reason)


def _require_manager(subject: Subject) -> None:
    """Reading the list needs the role, not the proof of the last minutes that a change needs."""
    if not may_ever(subject, Action.MANAGE_USERS):
        raise NotFound("Nothing is here.")


def _not_oneself(subject: Subject, user_id: UUID) -> None:
    if subject.user_id == user_id:
        raise Forbidden("Nobody changes the own rights: ask another administrator.", reason="own_rights")


def _check_choice(value: str | None, known: frozenset[str], field: str) -> None:
    if value is not None and value not in known:
        raise InvalidInput("This choice does not exist.", reason="unknown_choice", field=field)
