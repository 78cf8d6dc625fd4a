"""The modality of the demonstration stores every radiograph of an examination and says so in the performed step."""

from __future__ import annotations

import io
from datetime import datetime

import numpy as np
import pydicom
from sqlalchemy import select

from negatoscope.access.model import device_subject
from negatoscope.app.demonstration.modality import acquire
from negatoscope.app.phantoms.objects import Examination, synthetic_object
from negatoscope.archive.study_store import list_series
from negatoscope.orders.states import PerformedState
from negatoscope.orders.tables import performed_steps
from negatoscope.platform.runtime import Platform
from tests.builders.orders import ROOM_DX, an_order, some_rooms


def test_two_views_become_two_series_of_one_performed_step(platform: Platform) -> None:
    some_rooms(platform)
    procedure = an_order(platform, procedure_code="CHEST-PALAT").procedures[0]
    examination = Examination(
        patient_id="P1",
        issuer="HIS",
        patient_name="EXEMPLE^Jeanne",
        birth_date="19510314",
        sex="F",
        study_uid=procedure.study_uid,
        accession_number=procedure.accession_number,
        description="Thorax",
        performed_at=datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001 - DICOM times are local
    )
    pixels = np.arange(64 * 48, dtype=np.uint16).reshape(64, 48)
    views = [
        synthetic_object(name, pixels, examination, number=number) for number, name in enumerate(("chest", "chest-lateral"), 1)
    ]
    device = device_subject(platform.tenant, ROOM_DX.station_ae_title, "127.0.0.1")
    acquire(platform, device, procedure, examination, *views)
    with platform.database.read(platform.tenant) as tx:
        series = list_series(tx, procedure.study_uid)
        step = tx.execute(select(performed_steps)).mappings().one()
    assert [(one.series_number, one.modality) for one in series] == [(1, "DX"), (2, "DX")]
    stored = {str(pydicom.dcmread(io.BytesIO(view), stop_before_pixels=True).SOPInstanceUID) for view in views}
    assert set(step["referenced_instances"]) == stored
    assert step["state"] == PerformedState.COMPLETED
