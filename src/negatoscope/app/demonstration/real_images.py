"""Load a folder of real radiographs into the demonstration: DICOM as it is, pictures as examinations that were ordered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from negatoscope.access.model import Subject, device_subject, system_subject
from negatoscope.app.demonstration.modality import acquire, local_time
from negatoscope.app.phantoms.from_folder import Picture, find_pictures, picture_object
from negatoscope.app.phantoms.objects import Examination
from negatoscope.archive.importing import import_path
from negatoscope.orders.accept import accept_order
from negatoscope.orders.model import OrderRequest, StepRequest
from negatoscope.orders.states import OrderState
from negatoscope.patients.model import Demographics, PatientIdentifier, Sex
from negatoscope.platform.errors import NegatoscopeError
from negatoscope.platform.runtime import Platform

ISSUER = "PICTURES"
STATION = "DX1"


@dataclass(slots=True)
class LoadReport:
    """What came of a folder: pictures made into examinations, DICOM objects stored, and what was left out and why."""

    examinations: int = 0
    stored: int = 0
    already_there: int = 0
    left_out: list[tuple[str, str]] = field(default_factory=list)


def load_folder(platform: Platform, folder: Path, *, most: int, progress: Callable[[int, int], None]) -> LoadReport:
    """Load at most so many pictures and every DICOM file of a folder. The same folder again adds nothing."""
    system = system_subject(platform.tenant, "demonstration")
    device = device_subject(platform.tenant, STATION, "127.0.0.1")
    report = LoadReport()
    pictures = list(find_pictures(folder))[:most]
    for number, picture in enumerate(pictures):
        progress(number, len(pictures))
        try:
            _load_picture(platform, system, device, picture, number, report)
        except NegatoscopeError as error:
            report.left_out.append((picture.path.name, str(error)))
    progress(len(pictures), len(pictures))
    imported = import_path(platform, system, folder, progress)
    report.stored = imported.stored
    report.already_there += imported.duplicates
    report.left_out += imported.refused
    return report


def _load_picture(
    platform: Platform, system: Subject, device: Subject, picture: Picture, number: int, report: LoadReport
) -> None:
    at = platform.clock.now() - timedelta(minutes=5 * number)
    birth = date(at.year - picture.age, 1, 1) if picture.age is not None else None
    identifier = PatientIdentifier(value=f"P{picture.patient_key}"[:64], issuer=ISSUER)
    order = accept_order(
        platform,
        system,
        OrderRequest(
            source="demonstration",
            procedure_code="CHEST-PA",
            identifiers=(identifier,),
            demographics=Demographics(
                family_name=f"EXEMPLE-{picture.patient_key}"[:60], given_names="Image", birth_date=birth, sex=Sex(picture.sex)
            ),
            placer_order_number=hashlib.sha256(picture.path.name.encode()).hexdigest()[:16],
            placer_issuer=ISSUER,
            requested_at=at,
            steps=(StepRequest(starts_at=at, station_ae_title=STATION),),
        ),
    )
    if order.state not in {OrderState.ACCEPTED, OrderState.SCHEDULED}:
        report.already_there += 1
        return
    procedure = order.procedures[0]
    examination = Examination(
        patient_id=identifier.value,
        issuer=ISSUER,
        patient_name=f"EXEMPLE-{picture.patient_key}^Image",
        birth_date=f"{birth:%Y%m%d}" if birth else "",
        sex=picture.sex,
        study_uid=procedure.study_uid,
        accession_number=procedure.accession_number,
        description=procedure.description(platform.settings.language),
        performed_at=local_time(platform, at),
        requested_procedure_id=procedure.requested_procedure_id,
        scheduled_step_id=procedure.steps[0].scheduled_step_id,
        station_name="PICTURES",
    )
    acquire(platform, device, procedure, examination, picture_object(picture, examination))
    report.examinations += 1
