"""Many at once gain nothing: guessing, one-time codes, links, sealing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp

from negatoscope.access import second_factor, sessions
from negatoscope.access.model import Role
from negatoscope.audit.sealing import seal_pending
from negatoscope.audit.trail import record
from negatoscope.audit.verification import chain_status, verify_chain
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import NegatoscopeError
from negatoscope.platform.runtime import Platform
from negatoscope.sharing.links import create_share, list_own_shares
from negatoscope.sharing.model import RecipientKind, ShareRequest, ShareState
from negatoscope.sharing.opening import open_share
from tests.builders.reading import a_stored_study
from tests.builders.subjects import a_user

PASSWORD = "lantern-orchid-47-viaduct"


def outcomes(times: int, act: Callable[[int], object]) -> Counter[str]:
    """Do this so many times at once and count how each ended."""

    def attempt(number: int) -> str:
        try:
            act(number)
        except NegatoscopeError as error:
            return error.reason
        return "done"

    with ThreadPoolExecutor(times) as pool:
        return Counter(pool.map(attempt, range(times)))


def test_parallel_guesses_are_counted_one_by_one(platform: Platform) -> None:
    login = a_user(platform, Role.RADIOLOGIST, password=PASSWORD).login or ""
    ended = outcomes(12, lambda n: sessions.login(platform, login=login, password=f"wrong-guess-{n}", address=f"192.0.2.{n}"))
    assert ended == {"wrong_credentials": 6, "too_many_attempts": 6}


def test_one_time_code_opens_one_of_many_parallel_sessions(platform: Platform, clock: TurnedClock) -> None:
    person = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    generator = pyotp.TOTP(second_factor.begin_enrolment(platform, person).secret)
    second_factor.confirm_enrolment(platform, person, generator.at(clock.now()))
    clock.turn(timedelta(minutes=1))
    halves = [sessions.login(platform, login=person.login or "", password=PASSWORD, address=None).token for _ in range(4)]
    code = generator.at(clock.now())
    ended = outcomes(4, lambda n: sessions.complete_login(platform, halves[n], code, address=None))
    assert ended == {"done": 1, "wrong_code": 3}


def test_link_opens_no_more_often_than_it_may(platform: Platform) -> None:
    radiologist = a_user(platform, Role.RADIOLOGIST)
    request = ShareRequest(
        study_uid=a_stored_study(platform),
        recipient_name="Dr F.",
        recipient_kind=RecipientKind.PROFESSIONAL,
        most_opens=2,
    )
    made = create_share(platform, radiologist, request)
    ended = outcomes(5, lambda n: open_share(platform, token=made.token, code=made.code, address=f"192.0.2.{n}"))
    assert ended == {"done": 2, "share_exhausted": 3}


def test_parallel_wrong_codes_lock_the_link_at_the_fifth(platform: Platform) -> None:
    radiologist = a_user(platform, Role.RADIOLOGIST)
    request = ShareRequest(
        study_uid=a_stored_study(platform), recipient_name="Dr F.", recipient_kind=RecipientKind.PROFESSIONAL
    )
    made = create_share(platform, radiologist, request)
    wrong = [f"{(int(made.code) + n + 1) % 10**6:06d}" for n in range(12)]
    ended = outcomes(12, lambda n: open_share(platform, token=made.token, code=wrong[n], address=f"192.0.2.{n}"))
    assert ended["done"] == 0
    with platform.database.read(platform.tenant) as tx:
        (share,) = list_own_shares(tx, radiologist, platform.clock.now()).shares
    assert (share.state, share.wrong_codes) == (ShareState.LOCKED, 5)


def test_parallel_writers_and_sealers_make_one_whole_chain(platform: Platform) -> None:
    actor = a_user(platform, Role.RADIOLOGIST).actor

    def write_and_seal(number: int) -> None:
        for _ in range(5):
            with platform.database.transaction(platform.tenant) as tx:
                record(tx, actor, "view_images", objects={"writer": number})
            seal_pending(platform.database, platform.clock, tenants=[platform.tenant], batch=3)

    assert outcomes(6, write_and_seal) == {"done": 6}
    seal_pending(platform.database, platform.clock, tenants=[platform.tenant])
    with platform.database.read(platform.tenant) as tx:
        status = chain_status(tx)
        assert verify_chain(tx) == []
    assert (status.head.sequence, status.pending) == (30, 0)
