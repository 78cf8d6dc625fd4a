"""Who may: people by role, devices by service, nobody of another tenant, nobody to whom the patient objects; all is traced."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from uuid import uuid4

import pytest
from pydicom.dataset import Dataset
from sqlalchemy import text

from negatoscope.access.devices import register_device
from negatoscope.access.model import Action, Role, Subject, system_subject
from negatoscope.access.oppositions import record_opposition
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.orders.workitems import service
from negatoscope.orders.workitems.model import Wire
from negatoscope.orders.workitems.searching import WorkitemQuery, find_workitems, site_zone
from negatoscope.orders.workitems.subscriptions import Receiver, subscribe
from negatoscope.patients.register import register_patient
from negatoscope.platform.database import TenantId
from negatoscope.platform.errors import Forbidden, NotFound
from negatoscope.platform.runtime import Platform
from tests.builders.patients import an_identifier, some_demographics
from tests.builders.subjects import a_user
from tests.builders.workitem_wires import DimseWire, WebWire, a_device
from tests.builders.workitems import a_workitem, as_attributes
from tests.contract.workitems.conftest import web_client

LOCK = "2.25.111"


@pytest.mark.parametrize(
    ("role", "create", "claim", "get"),
    [
        (Role.SECRETARY, "201", "403", "200"),
        (Role.RESIDENT, "403", "200", "200"),
        (Role.RADIOLOGIST, "201", "200", "200"),
        (Role.ADMINISTRATOR, "403", "403", "403"),
        (Role.REFERRER, "404", "404", "404"),
        (Role.PATIENT, "404", "404", "404"),
    ],
)
def test_people_may_what_their_role_may(
    platform: Platform, web: WebWire, role: Role, create: str, claim: str, get: str
) -> None:
    uid = new_uid()
    web.create(uid, a_workitem())
    theirs = WebWire(web_client(platform, role))
    assert theirs.create(new_uid(), a_workitem()) == create
    assert theirs.change_state(uid, "IN PROGRESS", LOCK) == claim
    assert theirs.get(uid)[0] == get


def test_nobody_unknown_is_let_in(platform: Platform) -> None:
    stranger = WebWire(web_client(platform))
    assert stranger.create(new_uid(), a_workitem()) == "401"
    assert stranger.get(new_uid())[0] == "401"


def test_a_device_may_what_its_services_list(platform: Platform, port: int) -> None:
    register_device(
        platform,
        a_user(platform, Role.ADMINISTRATOR),
        ae_title="PUSHER",
        description="Schedules",
        addresses=["127.0.0.1"],
        services=[Action.CREATE_WORKITEM],
    )
    uid = new_uid()
    with a_device(port, calling="PUSHER") as device:
        assert device.create(uid, a_workitem()) == "0000"
        assert device.change_state(uid, "IN PROGRESS", LOCK) == "0124"
        assert device.get(uid)[0] == "0124"
        assert device.request_cancel(uid) == "0124"
        answers = list(device.association.send_c_find(a_key(), "1.2.840.10008.5.1.4.34.6.3"))
        assert answers[-1][0].Status == 0x0124


def a_key() -> Dataset:
    identifier = Dataset()
    identifier.SOPInstanceUID = ""
    return identifier


def test_a_patient_who_objects_is_seen_by_nobody_to_whom_it_objects(platform: Platform) -> None:
    number = an_identifier()
    patient_id = register_patient(platform, a_user(platform, Role.SECRETARY), some_demographics(), [number])
    person, other = a_user(platform, Role.RADIOLOGIST), a_user(platform, Role.RADIOLOGIST)
    uid = new_uid()
    workitem = as_attributes(a_workitem(PatientID=number.value, IssuerOfPatientID=number.issuer))
    service.create(platform, person, uid, workitem)
    assert person.user_id is not None
    record_opposition(platform, system_subject(platform.tenant, "tests"), patient_id=patient_id, user_id=person.user_id)
    with pytest.raises(Forbidden) as refused:
        service.get(platform, person, uid)
    assert refused.value.reason == "opposed"
    zone = site_zone(platform.settings.time_zone)
    query = WorkitemQuery(zone=zone, time_zone=platform.settings.time_zone, limit=10)
    with platform.database.transaction(platform.tenant) as tx:
        assert find_workitems(tx, person, query) == []
        assert [found.sop_instance_uid for found in find_workitems(tx, other, query)] == [uid]
    assert service.get(platform, other, uid).sop_instance_uid == uid


@pytest.mark.parametrize(
    "act",
    [
        lambda platform, person, uid: service.update(platform, person, uid, {}, ""),
        lambda platform, person, uid: service.change_state(platform, person, uid, "IN PROGRESS", LOCK),
        lambda platform, person, uid: service.request_cancel(platform, person, uid, {}),
        lambda platform, person, uid: subscribe(
            platform, person, uid, Receiver(ae_title="SCREEN", wire=Wire.WEBSOCKET), deletion_lock=False, zone=UTC
        ),
    ],
    ids=["update", "change_state", "request_cancel", "subscribe"],
)
def test_nobody_to_whom_the_patient_objects_changes_or_follows_a_workitem(
    platform: Platform, act: Callable[[Platform, Subject, str], object]
) -> None:
    number = an_identifier()
    patient_id = register_patient(platform, a_user(platform, Role.SECRETARY), some_demographics(), [number])
    person, uid = a_user(platform, Role.RADIOLOGIST), new_uid()
    service.create(platform, person, uid, as_attributes(a_workitem(PatientID=number.value, IssuerOfPatientID=number.issuer)))
    assert person.user_id is not None
    record_opposition(platform, system_subject(platform.tenant, "tests"), patient_id=patient_id, user_id=person.user_id)
    with pytest.raises(Forbidden) as refused:
        act(platform, person, uid)
    assert refused.value.reason == "opposed"


def test_another_tenant_sees_and_changes_nothing(platform: Platform) -> None:
    tenant = TenantId(uuid4())
    with platform.database.owner_transaction() as tx:
        tx.execute(text("insert into tenants (tenant, name) values (:t, :n)"), {"t": tenant, "n": str(tenant)})
    neighbour = platform.for_tenant(tenant)
    uid = new_uid()
    service.create(platform, a_user(platform, Role.RADIOLOGIST), uid, as_attributes(a_workitem()))
    stranger = a_user(neighbour, Role.RADIOLOGIST)
    with pytest.raises(NotFound):
        service.get(neighbour, stranger, uid)
    for table in ("workitems", "workitem_subscribers", "workitem_subscriptions", "workitem_reports"):
        with neighbour.database.transaction(tenant) as tx:
            assert tx.execute(text(f"select count(*) from {table}")).scalar_one() == 0
            assert tx.execute(text(f"update {table} set tenant = tenant")).rowcount == 0
    service.create(neighbour, stranger, uid, as_attributes(a_workitem()))


def test_each_act_leaves_its_trace(platform: Platform, dimse: DimseWire) -> None:
    uid = new_uid()
    dimse.create(uid, a_workitem())
    dimse.change_state(uid, "IN PROGRESS", LOCK)
    dimse.get(uid)
    dimse.find({"SOPInstanceUID": uid})
    with platform.database.read(platform.tenant) as tx:
        rows = tx.execute(text("select action, actor_name, objects from audit_entries where outcome = 'success'")).all()
    assert [(row[0], row[1]) for row in rows] == [
        ("create_workitem", "AI1"),
        ("perform_workitem", "AI1"),
        ("query_workitems", "AI1"),
        ("query_workitems", "AI1"),
    ]
    assert rows[0][2]["workitem"] == uid
    assert LOCK not in str(rows)


def test_the_lock_stands_nowhere_in_the_database(platform: Platform, dimse: DimseWire) -> None:
    uid = new_uid()
    dimse.create(uid, a_workitem())
    dimse.change_state(uid, "IN PROGRESS", "2.25.987654321")
    with platform.database.owner_transaction() as tx:
        for table in ("workitems", "workitem_reports", "audit_entries", "events"):
            assert tx.execute(text(f"select count(*) from {table} t where t::text like '%2.25.987654321%'")).scalar_one() == 0
