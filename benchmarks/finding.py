"""Ask by C-FIND over an association that stays open, as a work station does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydicom.dataset import Dataset
from pynetdicom import AE, _config
from pynetdicom.association import Association
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind  # type: ignore[attr-defined]  # made at run time

from benchmarks.servers import Server

KEYS = ("PatientName", "PatientID", "StudyDate", "ModalitiesInStudy", "AccessionNumber", "StudyInstanceUID")


@contextmanager
def associated(server: Server) -> Iterator[Association]:
    """Open an association that may ask."""
    _config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False
    entity = AE(ae_title="BENCH")
    entity.add_requested_context(StudyRootQueryRetrieveInformationModelFind)
    association = entity.associate("127.0.0.1", server.dicom_port, ae_title=server.ae_title)
    if not association.is_established:
        raise SystemExit(f"{server.name} took no association")
    try:
        yield association
    finally:
        association.release()


def find_studies(association: Association, **keys: str) -> int:
    """Ask for the studies that match; return how many do."""
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    for keyword in KEYS:
        setattr(identifier, keyword, keys.get(keyword, ""))
    answers = list(association.send_c_find(identifier, StudyRootQueryRetrieveInformationModelFind))
    if not answers or "Status" not in answers[-1][0] or answers[-1][0].Status != 0:
        raise SystemExit("a search did not end well")
    return len(answers) - 1
