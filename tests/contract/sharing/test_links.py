"""Share links on real rows: making, opening, guessing, ending."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from uuid import UUID, uuid4
from zipfile import ZipFile

import pytest
from pydicom import dcmread
from sqlalchemy import text

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Role, Subject, SubjectKind
from negatoscope.access.oppositions import record_opposition
from negatoscope.access.sessions import session_subject
from negatoscope.archive.find import FindQuery, find
from negatoscope.archive.open import open_instances
from negatoscope.archive.query_attributes import Level
from negatoscope.archive.studies import attach_to_patient
from negatoscope.audit.reading import EntryFilter, search_entries
from negatoscope.patients.identify import find_or_create_patient
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.database import TenantId
from negatoscope.platform.errors import Forbidden, InvalidTransition, NotFound, Refused, Unauthenticated
from negatoscope.platform.reactions import Reactor
from negatoscope.platform.runtime import Platform
from negatoscope.sharing.files import open_study_files
from negatoscope.sharing.links import (
    CreatedShare,
    create_share,
    list_own_shares,
    list_shares_of_study,
    list_visible_shares,
    revoke_share,
)
from negatoscope.sharing.model import RecipientKind, ShareRequest, ShareScope, ShareState
from negatoscope.sharing.opening import open_share
from negatoscope.sharing.reactions import END_SHARES_OF_MOVED_STUDY, END_THIRD_PARTY_SHARES
from tests.builders.patients import an_identifier, some_demographics
from tests.builders.reading import a_stored_study
from tests.builders.subjects import a_user
from tests.contract.sharing.conftest import Department

ADDRESS = "192.0.2.7"


def share_of(platform: Platform, department: Department, **changes: object) -> CreatedShare:
    request = ShareRequest(
        study_uid=department.study_uid, recipient_name="Dr Fantine Tholomyès", recipient_kind=RecipientKind.PROFESSIONAL
    )
    return create_share(platform, department.radiologist, replace(request, **changes))  # type: ignore[arg-type] # varied


def opened_by(platform: Platform, made: CreatedShare) -> Subject:
    opened = open_share(platform, token=made.token, code=made.code, address=ADDRESS)
    return session_subject(platform, opened.session_token, address=ADDRESS)


def images(platform: Platform, holder: Subject, study_uid: str) -> int:
    """Count the images that a holder may look at."""
    return len(open_instances(platform, holder, study_uid=study_uid, action=Action.VIEW_IMAGES))


def refusal_of(platform: Platform, token: str, code: str, address: str = ADDRESS) -> str:
    with pytest.raises(Unauthenticated) as refusal:
        open_share(platform, token=token, code=code, address=address)
    return refusal.value.reason


def other_code(made: CreatedShare) -> str:
    return f"{(int(made.code) + 1) % 10**6:06d}"


def react(platform: Platform) -> None:
    Reactor(platform, (END_THIRD_PARTY_SHARES, END_SHARES_OF_MOVED_STUDY)).run_once(platform.tenant)


def test_link_keeps_its_token_out_of_what_servers_see(platform: Platform, department: Department) -> None:
    made = share_of(platform, department)
    address, _, fragment = made.link("https://pacs.example/").partition("#")
    assert (address, fragment) == ("https://pacs.example/s", made.token)
    assert len(made.token) >= 43
    assert len(made.code) == 6


def test_neither_token_nor_code_is_kept(platform: Platform, department: Department) -> None:
    made = share_of(platform, department)
    opened_by(platform, made)
    with platform.database.read(platform.tenant) as tx:
        kept = "".join(
            repr(tx.execute(text(f"select * from {table}")).all())
            for table in ("shares", "audit_entries", "events", "user_sessions", "failed_proofs")
        )
    assert made.token not in kept
    assert f"'{made.code}'" not in kept


def test_link_and_code_open_this_study_and_nothing_else(platform: Platform, department: Department) -> None:
    other = a_stored_study(platform)
    holder = opened_by(platform, share_of(platform, department))
    assert (holder.kind, holder.display_name, holder.study_uids) == (
        SubjectKind.SHARE, "Dr Fantine Tholomyès", frozenset({department.study_uid}),
    )  # fmt: skip
    assert images(platform, holder, department.study_uid) == 1
    with pytest.raises(NotFound):
        images(platform, holder, other)
    with platform.database.read(platform.tenant) as tx:
        authorise(tx, holder, Action.READ_FINAL_REPORT, patient_id=department.patient_id, study_uid=department.study_uid)
        for action in set(Action) - {Action.READ_FINAL_REPORT, Action.VIEW_IMAGES, Action.QUERY_IMAGES}:
            with pytest.raises(NotFound):
                authorise(tx, holder, action, patient_id=department.patient_id, study_uid=department.study_uid)


def test_report_scope_shows_no_image(platform: Platform, department: Department) -> None:
    holder = opened_by(platform, share_of(platform, department, scope=ShareScope.REPORT))
    with pytest.raises(NotFound):
        images(platform, holder, department.study_uid)


@pytest.mark.parametrize("scope", list(ShareScope))
def test_copy_of_the_files_is_given_to_a_link_that_says_so_alone(
    platform: Platform, department: Department, scope: ShareScope
) -> None:
    holder = opened_by(platform, share_of(platform, department, scope=scope))
    if scope is not ShareScope.DOWNLOAD:
        with pytest.raises(NotFound):
            open_study_files(platform, holder, department.study_uid)
        return
    with ZipFile(BytesIO(b"".join(open_study_files(platform, holder, department.study_uid)))) as archive:
        assert archive.testzip() is None
        names = ["DICOM/ST000001/SE000001/IM000001", "PICTURES/P000001.JPG", "INDEX.HTM", "README.TXT", "DICOMDIR"]
        assert archive.namelist() == names
        assert str(dcmread(BytesIO(archive.read(names[0]))).StudyInstanceUID) == department.study_uid
    with platform.database.read(platform.tenant) as tx:
        (sealed,) = search_entries(tx, EntryFilter(action="download_dicom")).entries
    assert sealed.entry.actor.name == "Dr Fantine Tholomyès"


def test_unknown_link_and_wrong_code_are_answered_alike(platform: Platform, department: Department) -> None:
    made = share_of(platform, department)
    assert refusal_of(platform, made.token, other_code(made)) == "share_not_good"
    assert refusal_of(platform, "x" * 43, made.code) == "share_not_good"
    assert refusal_of(platform, "\x00\ud800", "\x00") == "share_not_good"


def test_fifth_wrong_code_locks_the_link_from_whatever_address(platform: Platform, department: Department) -> None:
    made = share_of(platform, department)
    for number in range(5):
        assert refusal_of(platform, made.token, other_code(made), f"192.0.2.{number}") == "share_not_good"
    assert refusal_of(platform, made.token, made.code, "192.0.2.99") == "share_locked"
    with platform.database.read(platform.tenant) as tx:
        (share,) = list_shares_of_study(tx, department.radiologist, department.study_uid, platform.clock.now())
        refused = search_entries(tx, EntryFilter(action="share_code_refused")).entries
    assert (share.state, share.opens, len(refused)) == (ShareState.LOCKED, 0, 5)


def test_right_code_forgets_the_wrong_ones_before_it(platform: Platform, department: Department) -> None:
    made = share_of(platform, department)
    for _ in range(3):
        for number in range(4):
            refusal_of(platform, made.token, other_code(made), f"192.0.2.{number}")
        opened_by(platform, made)


def test_guessing_tokens_from_one_address_is_slowed_down(platform: Platform) -> None:
    reasons = [refusal_of(platform, f"{number:043d}", "123456") for number in range(53)]
    assert reasons[0] == "share_not_good"
    assert reasons[-1] == "too_many_attempts"


def test_link_expires(platform: Platform, department: Department, clock: TurnedClock) -> None:
    made = share_of(platform, department, life_days=1)
    clock.turn(timedelta(hours=23, minutes=30))
    holder = open_share(platform, token=made.token, code=made.code, address=ADDRESS)
    clock.turn(timedelta(minutes=31))
    assert refusal_of(platform, made.token, made.code) == "share_expired"
    with pytest.raises(Unauthenticated):
        session_subject(platform, holder.session_token, address=ADDRESS)


def test_link_opens_as_often_as_it_may(platform: Platform, department: Department) -> None:
    made = share_of(platform, department, most_opens=2)
    first, second = opened_by(platform, made), opened_by(platform, made)
    assert refusal_of(platform, made.token, made.code) == "share_exhausted"
    for holder in (first, second):
        assert images(platform, holder, department.study_uid)


def test_revoking_ends_those_who_are_reading(platform: Platform, department: Department) -> None:
    made = share_of(platform, department, most_opens=1)
    opened = open_share(platform, token=made.token, code=made.code, address=ADDRESS)
    revoked = revoke_share(platform, department.radiologist, made.share.share_id)
    assert revoked.state is ShareState.REVOKED
    with pytest.raises(Unauthenticated):
        session_subject(platform, opened.session_token, address=ADDRESS)
    assert refusal_of(platform, made.token, made.code) == "share_revoked"
    with pytest.raises(InvalidTransition):
        revoke_share(platform, department.radiologist, made.share.share_id)


def test_only_who_may_shares_and_with_a_fresh_proof(platform: Platform, department: Department) -> None:
    request = ShareRequest(study_uid=department.study_uid, recipient_name="X", recipient_kind=RecipientKind.PROFESSIONAL)
    stale = replace(department.radiologist, seen_at=platform.clock.now() + timedelta(minutes=11))
    refused = (
        (stale, "needs_step_up"), (a_user(platform, Role.RADIOGRAPHER), "role"), (a_user(platform, Role.ADMINISTRATOR), "role"),
    )  # fmt: skip
    for subject, reason in refused:
        with pytest.raises(Forbidden) as refusal:
            create_share(platform, subject, request)
        assert refusal.value.reason == reason
    with pytest.raises(NotFound):
        create_share(platform, a_user(platform, Role.REFERRER), request)


def test_patient_shares_the_own_study_and_no_other(platform: Platform, department: Department) -> None:
    own = a_user(platform, Role.PATIENT, patient_id=department.patient_id)
    other = a_user(platform, Role.PATIENT, patient_id=uuid4())
    request = ShareRequest(study_uid=department.study_uid, recipient_name="My GP", recipient_kind=RecipientKind.PROFESSIONAL)
    made = create_share(platform, own, request)
    with pytest.raises(NotFound):
        create_share(platform, other, request)
    with pytest.raises(NotFound):
        revoke_share(platform, other, made.share.share_id)
    with platform.database.read(platform.tenant) as tx, pytest.raises(NotFound):
        list_shares_of_study(tx, other, department.study_uid, platform.clock.now())
    assert revoke_share(platform, own, made.share.share_id).state is ShareState.REVOKED


def test_lists_show_what_each_may_see(platform: Platform, department: Department) -> None:
    made = share_of(platform, department)
    now = platform.clock.now()
    with platform.database.read(platform.tenant) as tx:
        own = list_own_shares(tx, department.radiologist, now)
        others = list_own_shares(tx, a_user(platform, Role.RADIOLOGIST), now)
        visible = list_visible_shares(tx, a_user(platform, Role.SECRETARY), now)
        referrer = list_visible_shares(tx, a_user(platform, Role.REFERRER), now)
    assert [share.share_id for share in own.shares] == [made.share.share_id] == [s.share_id for s in visible.shares]
    assert others.shares == referrer.shares == ()


def test_list_goes_on_where_a_page_ended(platform: Platform, department: Department, clock: TurnedClock) -> None:
    made = []
    for _ in range(5):
        made.append(share_of(platform, department).share.share_id)
        clock.turn(timedelta(seconds=1))
    found: list[UUID] = []
    after = None
    with platform.database.read(platform.tenant) as tx:
        while True:
            page = list_own_shares(tx, department.radiologist, clock.now(), after=after, limit=2)
            found.extend(share.share_id for share in page.shares)
            after = page.next_after
            if after is None:
                break
    assert found == list(reversed(made))


def test_opposition_ends_shares_with_third_parties_and_spares_the_patients_own(
    platform: Platform, department: Department
) -> None:
    doctor = share_of(platform, department)
    own = share_of(platform, department, recipient_kind=RecipientKind.PATIENT)
    reading, at_home = opened_by(platform, doctor), opened_by(platform, own)
    record_opposition(platform, a_user(platform, Role.SECRETARY), patient_id=department.patient_id)
    with pytest.raises(NotFound):
        images(platform, reading, department.study_uid)
    assert images(platform, at_home, department.study_uid)
    assert refusal_of(platform, doctor.token, doctor.code) == "share_suspended"
    react(platform)
    assert refusal_of(platform, doctor.token, doctor.code) == "share_revoked"
    assert opened_by(platform, own).kind is SubjectKind.SHARE
    with pytest.raises(Refused):
        share_of(platform, department)


def test_opposition_to_one_person_leaves_shares_alone(platform: Platform, department: Department) -> None:
    made = share_of(platform, department)
    record_opposition(platform, a_user(platform, Role.SECRETARY), patient_id=department.patient_id, user_id=uuid4())
    react(platform)
    assert opened_by(platform, made).kind is SubjectKind.SHARE


def test_study_that_was_another_patients_is_shared_no_longer(platform: Platform, department: Department) -> None:
    made = share_of(platform, department)
    opened = open_share(platform, token=made.token, code=made.code, address=ADDRESS)
    secretary = a_user(platform, Role.SECRETARY)
    with platform.database.transaction(platform.tenant) as tx:
        right = find_or_create_patient(tx, secretary, [an_identifier()], some_demographics(), source="test")
        attach_to_patient(tx, department.study_uid, right)
    assert refusal_of(platform, made.token, made.code) == "share_suspended"
    holder = session_subject(platform, opened.session_token, address=ADDRESS)
    with pytest.raises(NotFound):
        images(platform, holder, department.study_uid)
    with platform.database.read(platform.tenant) as tx:
        assert find(tx, holder, FindQuery(level=Level.STUDY)) == []
    react(platform)
    assert refusal_of(platform, made.token, made.code) == "share_revoked"
    with pytest.raises(Unauthenticated):
        session_subject(platform, opened.session_token, address=ADDRESS)


def test_link_that_wrong_codes_locked_is_ended_with_its_sessions(platform: Platform, department: Department) -> None:
    made = share_of(platform, department)
    opened = open_share(platform, token=made.token, code=made.code, address=ADDRESS)
    for number in range(5):
        assert refusal_of(platform, made.token, other_code(made), f"192.0.2.{number}") == "share_not_good"
    assert images(platform, session_subject(platform, opened.session_token, address=ADDRESS), department.study_uid)
    record_opposition(platform, a_user(platform, Role.SECRETARY), patient_id=department.patient_id)
    react(platform)
    with pytest.raises(Unauthenticated):
        session_subject(platform, opened.session_token, address=ADDRESS)


def test_every_step_of_a_share_is_in_the_trail(platform: Platform, department: Department) -> None:
    made = share_of(platform, department)
    opened_by(platform, made)
    revoke_share(platform, department.radiologist, made.share.share_id)
    with platform.database.read(platform.tenant) as tx:
        entries = [sealed.entry for sealed in search_entries(tx, EntryFilter(patient_id=department.patient_id)).entries]
    told = [(entry.action, entry.actor.name) for entry in reversed(entries) if "share" in entry.action]
    radiologist = department.radiologist.display_name
    assert told == [("create_share", radiologist), ("open_share", "Dr Fantine Tholomyès"), ("revoke_share", radiologist)]


def test_share_of_one_tenant_opens_nothing_at_another(platform: Platform, department: Department) -> None:
    made = share_of(platform, department)
    tenant = TenantId(uuid4())
    with platform.database.owner_transaction() as tx:
        tx.execute(text("insert into tenants (tenant, name) values (:t, :n)"), {"t": tenant, "n": str(tenant)})
    neighbour = platform.for_tenant(tenant)
    with neighbour.database.read(tenant) as tx:
        assert tx.execute(text("select count(*) from shares")).scalar_one() == 0
    assert refusal_of(neighbour, made.token, made.code) == "share_not_good"
