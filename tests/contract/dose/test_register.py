"""The register learns from what arrives, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from negatoscope.access.model import Role
from negatoscope.dose.register import RECORD_EXPOSURES, exposures_of_study, list_register
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Forbidden
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform
from tests.builders.dicom import a_dx_image
from tests.builders.reading import a_stored_study, store
from tests.builders.subjects import a_user


def test_each_image_becomes_one_exposure_however_often_it_is_announced(platform: Platform, react: Callable[..., int]) -> None:
    study_uid = a_stored_study(platform, [a_dx_image(), a_dx_image(ImageAndFluoroscopyAreaDoseProduct="2.5")])
    react(RECORD_EXPOSURES)
    again = a_dx_image(StudyInstanceUID=study_uid)
    store(platform, again)
    with platform.database.transaction(platform.tenant) as tx:
        publish(tx, "study_stable", subject=study_uid, payload={"study_uid": study_uid})
    react(RECORD_EXPOSURES)
    with platform.database.read(platform.tenant) as tx:
        products = [one.dose_area_product_mgy_cm2 for one in exposures_of_study(tx, study_uid)]
    assert sorted(products, key=str) == [Decimal(250), Decimal(85), Decimal(85)]


def test_two_images_of_one_irradiation_count_once(platform: Platform, react: Callable[..., int]) -> None:
    study_uid = a_stored_study(platform, [a_dx_image(), a_dx_image()], IrradiationEventUID="1.2.3.4")
    react(RECORD_EXPOSURES)
    with platform.database.read(platform.tenant) as tx:
        assert [one.event_uid for one in exposures_of_study(tx, study_uid)] == ["1.2.3.4"]


def test_local_time_of_the_modality_is_read_in_the_zone_of_the_house(platform: Platform, react: Callable[..., int]) -> None:
    study_uid = a_stored_study(platform)
    react(RECORD_EXPOSURES)
    with platform.database.read(platform.tenant) as tx:
        (one,) = exposures_of_study(tx, study_uid)
    assert one.irradiated_at is not None
    assert one.irradiated_at.utctimetuple()[:5] == (2026, 1, 2, 9, 15)


def test_register_pages_by_key_and_filters(platform: Platform, react: Callable[..., int], clock: TurnedClock) -> None:
    for part in ("CHEST", "CHEST", "PELVIS"):
        a_stored_study(platform, BodyPartExamined=part)
        react(RECORD_EXPOSURES)
        clock.turn(timedelta(minutes=1))
    physicist = a_user(platform, Role.PHYSICIST)
    first = list_register(platform, physicist, limit=2)
    last = first[-1]
    second = list_register(platform, physicist, limit=2, after=(last.recorded_at, last.exposure.event_uid))
    assert [row.exposure.body_part for row in (*first, *second)] == ["PELVIS", "CHEST", "CHEST"]
    assert [row.exposure.body_part for row in list_register(platform, physicist, body_part="PELVIS")] == ["PELVIS"]
    assert list_register(platform, physicist, flagged=True) == []


def test_secretary_may_not_see_the_register(platform: Platform) -> None:
    with pytest.raises(Forbidden):
        list_register(platform, a_user(platform, Role.SECRETARY))
