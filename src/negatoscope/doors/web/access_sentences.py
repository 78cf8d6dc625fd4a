"""What the screens say when sign-in, accounts or shares refuse something: one sentence a reason, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from negatoscope.doors.web.language import N_, gettext
from negatoscope.platform.errors import NegatoscopeError

SENTENCES: Final[Mapping[str, str]] = MappingProxyType({
    "wrong_credentials": N_("Login or password are not right."),
    "wrong_password": N_("The password is not right."),
    "wrong_code": N_("This code is not the one we expect now."),
    "too_many_attempts": N_("Too many attempts: wait a little and try again."),
    "no_session": N_("Sign in with your password first."),
    "session_ended": N_("Your session has ended: sign in again."),
    "login_not_valid": N_("A login holds 1 to 64 small letters, digits, dots, dashes, underscores or at signs."),
    "login_taken": N_("This login is taken."),
    "name_not_valid": N_("A name has 1 to 128 characters."),
    "role_missing": N_("Choose at least one role."),
    "patient_record_expected": N_("A patient's account belongs to one patient record, and no other account does."),
    "password_too_short": N_("A password has at least 12 characters."),
    "password_too_long": N_("A password has at most 256 characters."),
    "password_easy_to_guess": N_("This password is easy to guess: use several unrelated words, without your name."),
    "passwords_differ": N_("The two passwords are not the same."),
    "title_missing": N_("Say what the token is for, in 1 to 100 characters."),
    "own_rights": N_("Nobody changes the own rights: ask another administrator."),
    "needs_reason": N_("State a reason of at least ten characters."),
    "stale_version": N_("Somebody else changed this account first: reload the page to see how it stands."),
    "unknown_choice": N_("This choice does not exist."),
    "recipient_missing": N_("Name the person who will receive the link."),
    "life_not_valid": N_("A link lasts between 1 and 30 days."),
    "opens_not_valid": N_("A link may be opened between 1 and 50 times."),
    "opposed": N_("The patient objects to sharing."),
    "share_not_good": N_("The link or the code is not right. Check both; after five wrong codes the link is locked."),
    "share_expired": N_("This link has expired. Ask the person who sent it for another."),
    "share_revoked": N_("This link was withdrawn by the person who sent it."),
    "share_exhausted": N_("This link was opened as often as it may be. Ask the person who sent it for another."),
    "share_locked": N_("This link is locked after too many wrong codes. Ask the person who sent it for another."),
    "share_suspended": N_("This link is suspended while the department checks the examination."),
    "patient_not_named": N_("No patient record bears this number and birth date."),
    "explanation_too_short": N_("Explain why, in at least 20 characters."),
    "reason_unknown": N_("Choose a reason."),
    "needs_two_factor": N_("Sign in with a second factor first."),
    "ae_title_not_valid": N_("An AE title has 1 to 16 printable characters."),
    "ae_title_taken": N_("This AE title is taken."),
    "description_missing": N_("Describe the device in 1 to 200 characters."),
    "services_missing": N_("Choose at least one service."),
    "addresses_missing": N_("Name the addresses of the device."),
    "address_not_valid": N_("An address reads like 10.1.2.3 or 10.1.2.0/24."),
    "destination_not_whole": N_("A destination needs a host and a port."),
    "host_not_valid": N_("This host name is not valid."),
    "port_not_valid": N_("A port is between 1 and 65535."),
    "certificate_not_valid": N_("Give a SHA-256 fingerprint of 64 hexadecimal digits, or a certificate in PEM form."),
    "patient_missing": N_("No patient record bears this identifier."),
})  # fmt: skip


def explain(error: NegatoscopeError) -> str:
    """Return what to tell the person about a refusal."""
    return gettext(SENTENCES.get(error.reason, str(error)))
