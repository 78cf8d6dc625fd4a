"""What pynetdicom and dcmtk do as peers of the door."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID
from pynetdicom import AE, build_context
from pynetdicom.association import Association as PeerAssociation
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from pynetdicom.presentation import PresentationContext

Answer = tuple[int, Dataset | None]


@contextmanager
def associated(port: int, *abstract_syntaxes: str, calling: str = "DX1") -> Iterator[PeerAssociation]:
    """Associate as a modality for these abstract syntaxes, in implicit and explicit little endian."""
    with associated_with(port, [build_context(syntax) for syntax in abstract_syntaxes], calling=calling) as association:
        yield association


@contextmanager
def associated_with(port: int, contexts: list[PresentationContext], *, calling: str = "DX1") -> Iterator[PeerAssociation]:
    """Associate with these contexts, and release at the end."""
    entity = AE(ae_title=calling)
    entity.requested_contexts = contexts
    association = entity.associate("127.0.0.1", port, ae_title="NEGATOSCOPE")
    assert association.is_established
    try:
        yield association
    finally:
        association.release()


@contextmanager
def associated_with_options(port: int, abstract_syntax: str, options: bytes | None) -> Iterator[PeerAssociation]:
    """Associate for one SOP class, and propose this application information of extended negotiation for it."""
    entity = AE(ae_title="DX1")
    entity.add_requested_context(abstract_syntax)
    item = SOPClassExtendedNegotiation()
    item.sop_class_uid, item.service_class_application_information = UID(abstract_syntax), options
    proposed = None if options is None else [item]
    association = entity.associate("127.0.0.1", port, ae_title="NEGATOSCOPE", ext_neg=proposed)  # type: ignore[arg-type]  # a list of one of the union
    assert association.is_established
    try:
        yield association
    finally:
        association.release()


def send(port: int, data_set: Dataset, transfer_syntax_uid: str = uid.ExplicitVRLittleEndian) -> int:
    """Store one data set over an association of its own and return the status."""
    context = build_context(str(data_set.SOPClassUID), transfer_syntax_uid)
    with associated_with(port, [context], calling="MODALITY") as association:
        data_set.file_meta = FileMetaDataset()
        data_set.file_meta.TransferSyntaxUID = uid.UID(transfer_syntax_uid)
        data_set.set_original_encoding(transfer_syntax_uid == uid.ImplicitVRLittleEndian, True)
        return int(association.send_c_store(data_set).Status)


def find(association: PeerAssociation, identifier: Dataset, model: str) -> list[Answer]:
    """Send a C-FIND and return every response."""
    return [(int(status.Status), match) for status, match in association.send_c_find(identifier, model)]


def run_dcmtk(*command: str) -> str:
    """Run a tool of dcmtk and return what it prints; the test fails when the tool does."""
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60, check=False)
    output = result.stdout + result.stderr
    assert result.returncode == 0, output
    return output
