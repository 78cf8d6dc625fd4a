"""Images as a modality makes them for an order, and what is told to a person about it."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.orders.exception_store import list_open_exceptions
from negatoscope.orders.lookup import get_order
from negatoscope.orders.model import Order
from negatoscope.platform.runtime import Platform
from tests.builders.dicom import a_dx_image


def an_image_of(order: Order, **attributes: object) -> Dataset:
    """Return the image of an order as a modality makes it that took every key from the worklist."""
    procedure = order.procedures[0]
    request = Dataset()
    request.RequestedProcedureID = procedure.requested_procedure_id
    request.ScheduledProcedureStepID = procedure.steps[0].scheduled_step_id
    usual: dict[str, object] = {
        "StudyInstanceUID": procedure.study_uid,
        "AccessionNumber": procedure.accession_number,
        "PatientID": "17",
        "IssuerOfPatientID": "HOSPITAL",
        "PatientName": "ESSAI LUMIERE^ZOE",
        "PatientBirthDate": "19790328",
        "PatientSex": "F",
        "RequestAttributesSequence": Sequence([request]),
    }
    image = a_dx_image()
    for keyword, value in (usual | attributes).items():
        setattr(image, keyword, value)
    return image


def read_order(platform: Platform, order: Order) -> Order:
    with platform.database.read(platform.tenant) as tx:
        return get_order(tx, order.order_id)


def exceptions_of(platform: Platform, order: Order) -> list[str]:
    with platform.database.read(platform.tenant) as tx:
        return [kind for kind, _ in list_open_exceptions(tx, order.order_id)]
