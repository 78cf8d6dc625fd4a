"""The pure decision: the whole matrix against a golden table, and what must hold for every subject, act and context."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.access.actions import DEVICE_ACTIONS, Action
from negatoscope.access.matrix import COLUMNS, MATRIX, PEOPLE_ONLY, READS, SHARED, STEP_UP, Grant
from negatoscope.access.model import AuthLevel, Role, Subject, SubjectKind, device_subject, system_subject
from negatoscope.access.policy import Context, Obligation, Resource, may_ever, permit
from negatoscope.platform.database import TenantId
from tests.builders.subjects import A_TENANT, a_subject

GOLDEN = Path(__file__).parents[2] / "golden" / "policy.tsv"
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PATIENT = UUID("00000000-0000-4000-8000-0000000000aa")
RESOURCE = Resource(tenant=A_TENANT, patient_id=PATIENT, study_uid="1.2.3")
LONG_REASON = "asked by the treating physician"

SITUATIONS: dict[str, tuple[Resource, Context]] = {
    "none": (RESOURCE, Context()),
    "related": (RESOURCE, Context(related=True)),
    "reason": (RESOURCE, Context(related=True, reason=LONG_REASON)),
    "two": (RESOURCE, Context(related=True, reason=LONG_REASON, second_person=a_subject(*Role))),
    "glass": (RESOURCE, Context(glass_broken=True)),
    "opposed": (RESOURCE, Context(related=True, opposed=True)),
    "quarantined": (replace(RESOURCE, state="quarantined"), Context(related=True, reason=LONG_REASON)),
    "rejected": (replace(RESOURCE, state="rejected"), Context(related=True, reason=LONG_REASON)),
    "anonymous": (RESOURCE, Context(without_identity=True)),
    "list": (Resource(tenant=A_TENANT), Context()),
}


def someone(*roles: Role, level: AuthLevel = AuthLevel.TWO_FACTOR, own: bool = True) -> Subject:
    return a_subject(*roles, at=NOW, auth_level=level, patient_id=PATIENT if own and Role.PATIENT in roles else None)


def decided(role: Role, action: Action, situation: str) -> str:
    resource, context = SITUATIONS[situation]
    decision = permit(someone(role), action, resource, context)
    return "yes" if decision.allowed else decision.reason


def test_every_decision_is_the_one_written_in_the_golden_table() -> None:
    lines = ["\t".join(("action", "role", *SITUATIONS))]
    lines.extend(
        "\t".join((action.value, role.value, *(decided(role, action, situation) for situation in SITUATIONS)))
        for action, role in product(Action, Role)
    )
    assert lines == GOLDEN.read_text("utf-8").splitlines()


def test_matrix_has_a_cell_for_each_role_and_action() -> None:
    assert set(MATRIX) == set(Action)
    assert set(COLUMNS.values()) == set(Role)
    assert all(set(row) == set(Role) for row in MATRIX.values())


any_context = st.builds(
    Context,
    related=st.booleans(),
    glass_broken=st.booleans(),
    opposed=st.booleans(),
    without_identity=st.booleans(),
    reason=st.none() | st.text(max_size=30),
    second_person=st.none() | st.sets(st.sampled_from(list(Role))).map(lambda roles: a_subject(*roles)),
)
any_resource = st.builds(
    Resource,
    tenant=st.just(A_TENANT),
    patient_id=st.sampled_from([None, PATIENT, uuid4()]),
    study_uid=st.sampled_from([None, "1.2.3", "1.2.4"]),
    state=st.sampled_from([None, "stable", "quarantined", "rejected"]),
    owner_id=st.none() | st.uuids(version=4),
)
any_roles = st.frozensets(st.sampled_from(list(Role)))
any_action = st.sampled_from(list(Action))


@given(any_roles, any_action, any_resource, any_context)
def test_nobody_gains_by_losing_a_relation(
    roles: frozenset[Role], action: Action, resource: Resource, context: Context
) -> None:
    subject = someone(*roles)
    without = permit(subject, action, resource, replace(context, related=False, glass_broken=False))
    if without.allowed:
        assert permit(subject, action, resource, context).allowed


@given(any_roles, any_action, any_resource, any_context)
def test_nobody_gains_by_an_opposition(roles: frozenset[Role], action: Action, resource: Resource, context: Context) -> None:
    subject = someone(*roles)
    if permit(subject, action, resource, replace(context, opposed=True)).allowed:
        assert permit(subject, action, resource, replace(context, opposed=False)).allowed


@given(any_roles, any_roles, any_action, any_resource, any_context)
def test_roles_add_up(
    some: frozenset[Role], more: frozenset[Role], action: Action, resource: Resource, context: Context
) -> None:
    few = someone(*some)
    both = replace(few, roles=some | more)
    # Who is restricted by all his roles loses sight of hidden states; another role beside them only widens.
    if permit(few, action, resource, context).allowed:
        assert permit(both, action, resource, context).allowed


@given(any_roles, any_action, any_resource, any_context)
def test_another_tenant_is_always_refused(roles: frozenset[Role], action: Action, resource: Resource, context: Context) -> None:
    foreign = replace(resource, tenant=TenantId(uuid4()))
    assert permit(someone(*roles), action, foreign, context).reason == "other_tenant"
    assert not permit(system_subject(A_TENANT, "worker"), action, foreign, context).allowed


@given(any_action, any_resource, any_context)
def test_nobody_without_a_role_may_do_anything(action: Action, resource: Resource, context: Context) -> None:
    assert not permit(someone(), action, resource, context).allowed


@given(any_roles, any_resource, any_context, st.text())
def test_unknown_action_is_refused_to_all(roles: frozenset[Role], resource: Resource, context: Context, word: str) -> None:
    for subject in (someone(*roles), system_subject(A_TENANT, "worker"), device_subject(A_TENANT, "DX1", None)):
        decision = permit(subject, f"no {word}", resource, context)  # type: ignore[arg-type] # what policy must survive
        assert (decision.allowed, decision.reason) == (False, "unknown_action")


@given(any_roles, any_action, any_resource, any_context, st.frozensets(any_action))
def test_scope_only_narrows(
    roles: frozenset[Role], action: Action, resource: Resource, context: Context, scope: frozenset[Action]
) -> None:
    subject = someone(*roles)
    narrowed = permit(replace(subject, limited_to=scope), action, resource, context)
    if narrowed.allowed:
        assert action in scope
        assert permit(subject, action, resource, context).allowed


@given(any_roles, any_action, any_resource, any_context)
def test_what_is_permitted_is_never_hidden_from_the_menu(
    roles: frozenset[Role], action: Action, resource: Resource, context: Context
) -> None:
    subject = someone(*roles)
    if permit(subject, action, resource, context).allowed:
        assert may_ever(subject, action)


@given(any_roles, st.sampled_from(sorted(STEP_UP)), any_resource, any_context, st.integers(601, 10**6))
def test_old_proof_opens_nothing_that_needs_a_fresh_one(
    roles: frozenset[Role], action: Action, resource: Resource, context: Context, age_s: int
) -> None:
    old = replace(someone(*roles), authenticated_at=NOW - timedelta(seconds=age_s))
    assert not permit(old, action, resource, context).allowed
    assert not permit(replace(old, authenticated_at=None), action, resource, context).allowed
    assert not permit(replace(old, authenticated_at=NOW + timedelta(seconds=1)), action, resource, context).allowed


def test_proof_is_fresh_for_ten_minutes() -> None:
    radiologist = someone(Role.RADIOLOGIST)
    for age, expected in ((timedelta(0), True), (timedelta(minutes=10), True), (timedelta(minutes=10, seconds=1), False)):
        decision = permit(replace(radiologist, authenticated_at=NOW - age), Action.SIGN_FINAL, RESOURCE, Context())
        assert decision.allowed is expected
    assert decision.reason == "needs_step_up"


@given(any_action, any_resource, any_context)
def test_patient_never_sees_the_record_of_another(action: Action, resource: Resource, context: Context) -> None:
    stranger = replace(someone(Role.PATIENT), patient_id=uuid4())
    decision = permit(stranger, action, replace(resource, owner_id=None), context)
    assert not decision.allowed or decision.obligations == {Obligation.ONLY_RELATED}


@given(any_action, any_resource, any_context)
def test_share_opens_its_study_and_nothing_beside_it(action: Action, resource: Resource, context: Context) -> None:
    share = Subject(
        tenant=A_TENANT,
        kind=SubjectKind.SHARE,
        display_name="share link",
        auth_level=AuthLevel.SHARE_CODE,
        study_uids=frozenset({"1.2.3"}),
        shared_patient_id=PATIENT,
        seen_at=NOW,
    )
    decision = permit(share, action, resource, context)
    if decision.allowed:
        assert action in SHARED
        own = (resource.study_uid, resource.patient_id) == ("1.2.3", PATIENT)
        assert own or decision.obligations == {Obligation.ONLY_RELATED}
        assert resource.state not in {"quarantined", "rejected"}
        assert not context.opposed


@given(any_action, any_resource, any_context)
def test_machine_never_does_what_a_person_must(action: Action, resource: Resource, context: Context) -> None:
    if permit(system_subject(A_TENANT, "ai"), action, resource, context).allowed:
        assert action not in PEOPLE_ONLY
    if permit(device_subject(A_TENANT, "DX1", "10.0.0.7"), action, resource, context).allowed:
        assert action in DEVICE_ACTIONS


@given(any_roles, any_action, any_context)
def test_second_person_is_another_person_who_may_do_the_same(roles: frozenset[Role], action: Action, context: Context) -> None:
    subject = someone(Role.IDENTITY_OFFICER)
    with_oneself = replace(context, second_person=subject, reason=LONG_REASON)
    assert permit(subject, Action.MOVE_IMAGES, RESOURCE, with_oneself).reason == "needs_second_person"
    helper = a_subject(*roles)
    decision = permit(subject, Action.MOVE_IMAGES, RESOURCE, replace(context, second_person=helper, reason=LONG_REASON))
    assert decision.allowed == may_ever(helper, Action.MOVE_IMAGES)


@pytest.mark.parametrize("reason", [None, "", "   ", "too short", "         x         "])
def test_empty_reason_is_none(reason: str | None) -> None:
    decision = permit(someone(Role.LEAD_RADIOLOGIST), Action.NULLIFY_REPORT, RESOURCE, Context(reason=reason))
    assert decision.reason == "needs_reason"


def test_break_glass_needs_a_second_factor() -> None:
    context = Context(reason=LONG_REASON)
    with_one = someone(Role.REFERRER, level=AuthLevel.PASSWORD)
    assert permit(with_one, Action.BREAK_GLASS, RESOURCE, context).reason == "needs_two_factor"
    assert permit(someone(Role.REFERRER), Action.BREAK_GLASS, RESOURCE, context).allowed


@given(any_action)
def test_broken_glass_opens_reading_alone_and_shows_its_banner(action: Action) -> None:
    referrer = someone(Role.REFERRER)
    before = permit(referrer, action, RESOURCE, Context())
    after = permit(referrer, action, RESOURCE, Context(glass_broken=True))
    if after.allowed and not before.allowed:
        assert action in READS
        assert Obligation.SHOW_BANNER in after.obligations


@pytest.mark.parametrize("role", [Role.RADIOLOGIST, Role.LEAD_RADIOLOGIST, Role.RADIOGRAPHER])
def test_own_things_are_recognised_by_their_owner(role: Role) -> None:
    resident = someone(Role.RESIDENT)
    assert MATRIX[Action.EDIT_TEMPLATES][Role.RESIDENT] is Grant.RELATED
    own = Resource(tenant=A_TENANT, patient_id=PATIENT, owner_id=resident.user_id)
    other = Resource(tenant=A_TENANT, patient_id=PATIENT, owner_id=someone(role).user_id)
    assert permit(resident, Action.EDIT_TEMPLATES, own, Context()).allowed
    assert not permit(resident, Action.EDIT_TEMPLATES, other, Context()).allowed
