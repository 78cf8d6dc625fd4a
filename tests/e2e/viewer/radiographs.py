"""What the viewer is shown in these tests: a radiograph, a study of several, a finding, a prior."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from tests.builders.dicom import a_dx_image
from tests.e2e.viewer.dicomweb_server import Department, StoredObject, show


def a_radiograph(**attributes: object) -> Dataset:
    image = a_dx_image(rows=500, columns=400)
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    return image


def a_study(count: int) -> list[StoredObject]:
    images = [a_radiograph(InstanceNumber=number + 1) for number in range(count)]
    for image in images:
        image.StudyInstanceUID = images[0].StudyInstanceUID
    return [StoredObject(image) for image in images]


def a_finding(image: Dataset, **changes: Any) -> dict[str, Any]:
    return {
        "finding_id": "f1",
        "label": "Nodule",
        "probability": 0.83,
        "sop_instance_uid": image.SOPInstanceUID,
        "frame": 1,
        "region": [[100, 100], [200, 100], [200, 220], [100, 220]],
        "model": "Thorax 1",
        "status": "proposed",
    } | changes


def with_prior(department: Department, **changes: object) -> tuple[Dataset, Dataset]:
    """Let the department hold a current study and a prior of the same patient, offered to the viewer."""
    current = a_radiograph()
    prior = a_radiograph(StudyDate="20240301", **changes)
    choice = {"study_uid": prior.StudyInstanceUID, "label": "01/03/2024 Thorax", "explanation": "même incidence"}
    show(department, [StoredObject(current), StoredObject(prior)], priors=[choice])
    return current, prior
