"""Devices by AE title and address."""

from __future__ import annotations

from dataclasses import replace

import pytest

from negatoscope.access.actions import DEVICE_ACTIONS, Action
from negatoscope.access.devices import (
    RetrieveDestination,
    change_device,
    device_for,
    disable_device,
    list_devices,
    register_device,
    retrieve_destination,
)
from negatoscope.access.model import Role, Subject, system_subject
from negatoscope.access.store.devices import Device
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, NotFound, StaleVersion
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_user


def a_device(platform: Platform, ae_title: str = "DX1", host: str | None = None, port: int | None = None) -> Device:
    return register_device(
        platform,
        system_subject(platform.tenant, "operator"),
        ae_title=ae_title,
        description="Room 1",
        addresses=["10.1.2.0/24", "2001:db8::7"],
        services=[Action.STORE_IMAGES, Action.QUERY_WORKLIST],
        host=host,
        port=port,
    )


def found(platform: Platform, ae_title: str, address: str, *, demonstration: bool = False) -> Subject | None:
    with platform.database.read(platform.tenant) as tx:
        return device_for(tx, ae_title, address, demonstration)


def test_device_is_known_from_its_own_addresses(platform: Platform) -> None:
    a_device(platform)
    for address in ("10.1.2.9", "::ffff:10.1.2.9", "2001:db8::7"):
        subject = found(platform, "DX1 ", address)
        assert subject is not None
        assert (subject.ae_title, subject.tenant) == ("DX1", platform.tenant)
        assert subject.limited_to == frozenset({Action.STORE_IMAGES, Action.QUERY_WORKLIST})


@pytest.mark.parametrize(
    ("ae_title", "address"),
    [
        ("DX1", "10.1.3.9"),
        ("DX2", "10.1.2.9"),
        ("dx1", "10.1.2.9"),
        ("DX1", "127.0.0.1"),
        ("DX1", "no address"),
        ("", "10.1.2.9"),
    ],
)
def test_other_title_or_address_is_nobody(platform: Platform, ae_title: str, address: str) -> None:
    a_device(platform)
    assert found(platform, ae_title, address) is None


@pytest.mark.parametrize("title", ["../../etc", "A" * 17, "A\\B", "A\nB", "\x00", "É"])
def test_hostile_title_is_nobody_unless_it_is_a_title(platform: Platform, title: str) -> None:
    subject = found(platform, title, "127.0.0.1", demonstration=True)
    assert (subject is not None) == (title == "../../etc")


def test_demonstration_takes_any_title_from_this_machine_alone(platform: Platform) -> None:
    a_device(platform)
    stranger = found(platform, "ANYSCU", "127.0.0.1", demonstration=True)
    assert stranger is not None
    assert stranger.limited_to == DEVICE_ACTIONS
    known = found(platform, "DX1", "::1", demonstration=True)
    assert known is not None
    assert known.limited_to == frozenset({Action.STORE_IMAGES, Action.QUERY_WORKLIST})
    assert found(platform, "ANYSCU", "10.0.0.1", demonstration=True) is None
    assert found(platform, "ANYSCU", "127.0.0.1", demonstration=False) is None


def test_disabled_device_is_nobody(platform: Platform) -> None:
    device = a_device(platform)
    disable_device(platform, system_subject(platform.tenant, "operator"), device.device_id)
    assert found(platform, "DX1", "10.1.2.9") is None


def test_retrieve_destination_is_what_an_administrator_listed(platform: Platform) -> None:
    a_device(platform, "WS1", host="ws1.hospital", port=104)
    a_device(platform, "DX1")
    with platform.database.read(platform.tenant) as tx:
        assert retrieve_destination(tx, "WS1") == RetrieveDestination(ae_title="WS1", host="ws1.hospital", port=104)
        assert retrieve_destination(tx, "DX1") is None
        assert retrieve_destination(tx, "ANY") is None


@pytest.mark.parametrize(
    "change",
    [
        {"ae_title": "A" * 17}, {"ae_title": " "}, {"ae_title": "A\\B"}, {"description": ""}, {"addresses": ()},
        {"addresses": ("300.1.1.1",)}, {"services": frozenset()}, {"services": frozenset({Action.SIGN_FINAL})},
        {"host": "h"}, {"host": "h;rm", "port": 1}, {"host": "h", "port": 70000},
    ],
)  # fmt: skip
def test_device_that_could_not_work_is_refused(platform: Platform, change: dict[str, object]) -> None:
    device = a_device(platform)
    with pytest.raises(InvalidInput):
        change_device(platform, system_subject(platform.tenant, "operator"), replace(device, **change))  # type: ignore[arg-type] # varied


def test_devices_are_managed_by_administrators(platform: Platform) -> None:
    device = a_device(platform)
    radiologist, administrator = a_user(platform, Role.RADIOLOGIST), a_user(platform, Role.ADMINISTRATOR)
    with pytest.raises(Forbidden):
        disable_device(platform, radiologist, device.device_id)
    with platform.database.read(platform.tenant) as tx:
        assert [listed.ae_title for listed in list_devices(tx, administrator)] == ["DX1"]
        with pytest.raises(NotFound):
            list_devices(tx, radiologist)
    changed = change_device(platform, administrator, replace(device, description="Room 2"))
    with pytest.raises(StaleVersion):
        change_device(platform, administrator, replace(device, description="Room 3"))
    assert changed.description == "Room 2"


def test_ae_title_is_unique_in_its_tenant(platform: Platform) -> None:
    a_device(platform)
    with pytest.raises(Conflict):
        a_device(platform)
