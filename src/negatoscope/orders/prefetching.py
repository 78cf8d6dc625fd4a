"""Have earlier examinations fetched when an order comes, and once more when its patient does."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.archive.prefetch.model import Wanted
from negatoscope.archive.prefetch.searching import ask_for_priors
from negatoscope.orders import store
from negatoscope.orders.catalogue import ABDOMEN_PELVIS, CHEST, HEAD_NECK, LOWER_LIMB, SPINE, UPPER_LIMB
from negatoscope.orders.states import StepEvent
from negatoscope.platform.events import Event
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform

_SPINE = frozenset(
    {"SPINE", "CSPINE", "TSPINE", "LSPINE", "SACRUM", "COCCYX", "CERVICAL SPINE", "THORACIC SPINE", "LUMBAR SPINE"}
)
BODY_PARTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType({
    HEAD_NECK: frozenset({"HEAD", "SKULL", "BRAIN", "NECK", "CSPINE", "CERVICAL SPINE", "SINUS", "JAW", "MANDIBLE", "TEETH", "ORBIT"}),
    SPINE: _SPINE,
    CHEST: frozenset({
        "CHEST", "THORAX", "LUNG", "HEART", "RIB", "RIBS", "STERNUM", "CLAVICLE", "TSPINE", "THORACIC SPINE",
        "CHESTABDOMEN", "CHESTABDPELVIS",
    }),
    ABDOMEN_PELVIS: frozenset({
        "ABDOMEN", "PELVIS", "ABDOMENPELVIS", "ABDOMEN PELVIS", "HIP", "KIDNEY", "BLADDER", "LSPINE", "LUMBAR SPINE",
        "SACRUM", "CHESTABDOMEN", "CHESTABDPELVIS",
    }),
    UPPER_LIMB: frozenset({
        "ARM", "SHOULDER", "CLAVICLE", "SCAPULA", "HUMERUS", "ELBOW", "FOREARM", "RADIUS", "ULNA", "WRIST", "HAND",
        "FINGER", "THUMB", "EXTREMITY",
    }),
    LOWER_LIMB: frozenset({
        "LEG", "HIP", "PELVIS", "FEMUR", "THIGH", "KNEE", "PATELLA", "TIBIA", "FIBULA", "ANKLE", "FOOT", "CALCANEUS",
        "HEEL", "TOE", "EXTREMITY",
    }),
})  # fmt: skip
"""What Body Part Examined may say of an examination that helps to read one of the region (terms of PS3.16 annex L)."""


def prefetch(platform: Platform, tx: Connection, event: Event) -> None:
    """Ask for what goes with each procedure of the order."""
    if event.kind == "step_moved" and event.payload.get("event") != StepEvent.CHECK_IN.value:
        return
    occasion = "ordered" if event.kind == "order_received" else "arrived"
    planned = event.payload.get("study_uids")
    for procedure in store.get_order(tx, UUID(str(event.payload["order_id"]))).procedures:
        if isinstance(planned, list) and procedure.study_uid in planned:
            wanted = Wanted(
                study_uid=procedure.study_uid,
                patient_id=procedure.patient_id,
                modality=procedure.modality,
                body_parts=BODY_PARTS.get(procedure.body_region, frozenset()),
            )
            ask_for_priors(platform, tx, wanted, occasion=occasion)


PREFETCH: Final = Reaction(name="orders.prefetch", kinds=frozenset({"order_received", "step_moved"}), handle=prefetch)
