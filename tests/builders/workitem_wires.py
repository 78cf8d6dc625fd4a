"""The two ways to a workitem, with one set of words: DIMSE as pynetdicom speaks it, and UPS-RS over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import orjson
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID
from pynetdicom import AE, build_context
from pynetdicom.association import Association

from negatoscope.formats.dicom.json_model import data_set_to_json
from tests.builders.web_client import TestClient

Json = dict[str, Any]
PUSH = UID("1.2.840.10008.5.1.4.34.6.1")
WATCH = UID("1.2.840.10008.5.1.4.34.6.2")
PULL = UID("1.2.840.10008.5.1.4.34.6.3")
EVENT = UID("1.2.840.10008.5.1.4.34.6.4")
QUERY = UID("1.2.840.10008.5.1.4.34.6.5")
CLASSES = (PUSH, PULL, WATCH, QUERY)
GLOBAL = "1.2.840.10008.5.1.4.34.5"
FILTERED = "1.2.840.10008.5.1.4.34.5.1"


class Wire(Protocol):
    """What can be asked of workitems; each answer is the status as this wire writes it."""

    name: str

    def create(self, uid: str, workitem: Dataset) -> str: ...
    def change_state(self, uid: str, state: str, transaction_uid: str = "") -> str: ...
    def request_cancel(self, uid: str, information: Dataset | None = None) -> str: ...
    def update(self, uid: str, changes: Dataset, transaction_uid: str = "") -> str: ...
    def get(self, uid: str) -> tuple[str, Json]: ...
    def find(self, keys: Mapping[str, str]) -> list[Json]: ...


class DimseWire:
    """A device."""

    name = "dimse"

    def __init__(self, association: Association) -> None:
        self.association = association

    def create(self, uid: str, workitem: Dataset) -> str:
        status, _ = self.association.send_n_create(workitem, PUSH, uid)
        return f"{status.Status:04X}"

    def change_state(self, uid: str, state: str, transaction_uid: str = "") -> str:
        information = Dataset()
        information.ProcedureStepState, information.TransactionUID = state, transaction_uid
        return self.act(uid, 1, information, PULL)

    def request_cancel(self, uid: str, information: Dataset | None = None) -> str:
        return self.act(uid, 2, information, PUSH)

    def subscribe(self, uid: str, ae_title: str, *, deletion_lock: bool = False, **keys: str) -> str:
        information = Dataset()
        information.ReceivingAE, information.DeletionLock = ae_title, "TRUE" if deletion_lock else "FALSE"
        for keyword, value in keys.items():
            setattr(information, keyword, value)
        return self.act(uid, 3, information, WATCH)

    def unsubscribe(self, uid: str, ae_title: str, *, action: int = 4) -> str:
        information = Dataset()
        information.ReceivingAE = ae_title
        return self.act(uid, action, information, WATCH)

    def act(self, uid: str, action: int, information: Dataset | None, sop_class: UID) -> str:
        status, _ = self.association.send_n_action(information, action, PUSH, uid, meta_uid=sop_class)
        return f"{status.Status:04X}"

    def update(self, uid: str, changes: Dataset, transaction_uid: str = "") -> str:
        if transaction_uid:
            changes.TransactionUID = transaction_uid
        status, _ = self.association.send_n_set(changes, PUSH, uid, meta_uid=PULL)
        return f"{status.Status:04X}"

    def get(self, uid: str, tags: list[int] | None = None) -> tuple[str, Json]:
        status, attributes = self.association.send_n_get([Tag(tag) for tag in tags or ()], PUSH, uid, meta_uid=PULL)
        return f"{status.Status:04X}", dict(data_set_to_json(attributes)) if attributes is not None else {}

    def find(self, keys: Mapping[str, str]) -> list[Json]:
        identifier = Dataset()
        for keyword, value in keys.items():
            setattr(identifier, keyword, value)
        answers = list(self.association.send_c_find(identifier, PULL))
        assert answers[-1][0].Status == 0x0000, f"{answers[-1][0].Status:04X}"
        return [dict(data_set_to_json(match)) for _, match in answers[:-1] if match is not None]


class WebWire:
    """A program with a bearer token."""

    name = "web"

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.warning = ""

    def create(self, uid: str, workitem: Dataset) -> str:
        return self.send("POST", f"/workitems?workitem={uid}", workitem)

    def change_state(self, uid: str, state: str, transaction_uid: str = "") -> str:
        information = Dataset()
        information.ProcedureStepState, information.TransactionUID = state, transaction_uid
        return self.send("PUT", f"/workitems/{uid}/state", information)

    def request_cancel(self, uid: str, information: Dataset | None = None) -> str:
        return self.send("POST", f"/workitems/{uid}/cancelrequest", information)

    def update(self, uid: str, changes: Dataset, transaction_uid: str = "") -> str:
        query = f"?transaction-uid={transaction_uid}" if transaction_uid else ""
        return self.send("POST", f"/workitems/{uid}{query}", changes)

    def get(self, uid: str) -> tuple[str, Json]:
        response = self.client.get(f"/workitems/{uid}")
        return f"{response.status_code}", response.json()[0] if response.status_code == 200 else {}

    def find(self, keys: Mapping[str, str]) -> list[Json]:
        response = self.client.get("/workitems", params=dict(keys))
        assert response.status_code in {200, 204}, response.text
        return list(response.json()) if response.status_code == 200 else []

    def send(self, method: str, path: str, data_set: Dataset | None) -> str:
        headers = {"Content-Type": "application/dicom+json"}
        body = orjson.dumps([data_set_to_json(data_set)]) if data_set is not None else b""
        response = self.client.request(method, path, content=body, headers=headers)
        self.warning = response.headers.get("warning", "").partition(": ")[2]
        return f"{response.status_code}"


@contextmanager
def a_device(port: int, *, calling: str = "AI1") -> Iterator[DimseWire]:
    """Associate as a device for the four classes that we provide."""
    entity = AE(ae_title=calling)
    entity.requested_contexts = [build_context(sop_class) for sop_class in CLASSES]
    association = entity.associate("127.0.0.1", port, ae_title="NEGATOSCOPE")
    assert association.is_established
    assert len(association.accepted_contexts) == len(CLASSES)
    try:
        yield DimseWire(association)
    finally:
        association.release()
