"""The DICOM conformance statement, its tables made from what the code serves (PS3.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields

from negatoscope.archive.query_attributes import ATTRIBUTES, REQUEST_KEYS
from negatoscope.doors.dimse import conformance_words as words
from negatoscope.doors.dimse import statuses
from negatoscope.doors.dimse.called_services import CALLED
from negatoscope.doors.dimse.command_set import CommandField
from negatoscope.doors.dimse.extended_negotiation import (
    QUERY_ABILITIES,
    QUERY_FIELDS,
    RETRIEVAL_ABILITIES,
    RETRIEVAL_FIELDS,
)
from negatoscope.doors.dimse.limits import Limits
from negatoscope.doors.dimse.negotiation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from negatoscope.doors.dimse.services import OPERATIONS
from negatoscope.doors.dimse.sop_classes import NETWORK_NATIVE, SERVED, STORAGE_CLASSES, STORAGE_TRANSFER_SYNTAXES, Family
from negatoscope.doors.dimse.transport_security import CIPHER_SUITES
from negatoscope.doors.dimse.workitem_conformance import workitem_section
from negatoscope.formats.dicom.transfer_syntaxes import TRANSFER_SYNTAXES
from negatoscope.platform.settings import Settings

CANCELLABLE = frozenset({CommandField.C_FIND_RQ, CommandField.C_MOVE_RQ, CommandField.C_GET_RQ})


def dicom_statement() -> str:
    """Return the whole page in Markdown."""
    port, tls_port, ae_title = (Settings.model_fields[name].default for name in ("dicom_port", "dicom_tls_port", "ae_title"))
    parts = (
        words.OVERVIEW,
        words.MODEL,
        _served_classes(),
        _called_classes(),
        words.POLICIES,
        _implementation(),
        words.REJECTIONS + _rejections(),
        words.STORAGE.format(count=len(STORAGE_CLASSES)),
        _transfer_syntaxes(),
        words.STORAGE_BEHAVIOUR,
        _refusals(),
        words.QUERY,
        _negotiated(QUERY_FIELDS, QUERY_ABILITIES),
        _attributes(),
        words.RETRIEVAL,
        _negotiated(RETRIEVAL_FIELDS, RETRIEVAL_ABILITIES),
        words.STEPS,
        workitem_section(),
        words.STATUSES + _statuses(),
        words.INTERFACES.format(port=port, tls_port=tls_port, ae_title=ae_title),
        _limits(),
        words.AFTER_LIMITS,
        words.REST,
        table(("Suite of TLS 1.2",), ((f"`{suite}`",) for suite in CIPHER_SUITES)),
    )
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|---" * len(header) + "|", *lines[1:]])


def _served_classes() -> str:
    rows = ((sop_class.name, f"`{sop_class.uid}`", _operations(sop_class.family)) for sop_class in SERVED.values())
    native = " and ".join(TRANSFER_SYNTAXES[uid].name for uid in NETWORK_NATIVE)
    return f"#### SOP classes, as provider\n\n{table(('SOP class', 'UID', 'Operations'), rows)}\n\nThese take {native}."


def _called_classes() -> str:
    rows = ((called.name, f"`{called.uid}`" if called.uid else "", called.operation, called.occasion) for called in CALLED)
    return f"#### SOP classes, as user\n\n{table(('SOP class', 'UID', 'Operations', 'For'), rows)}\n\n{words.CALLED}"


def _operations(family: Family) -> str:
    found: list[str] = []
    for number, operation in OPERATIONS.items():
        if family in operation.families:
            found.append(CommandField(number).name.removesuffix("_RQ").replace("_", "-"))
            if number in CANCELLABLE:
                found.append("C-CANCEL")
    if family in {Family.COMMITMENT, Family.WORKITEM_EVENT}:
        found.append("N-EVENT-REPORT sent")
    return ", ".join(found)


def _implementation() -> str:
    rows = (
        ("Implementation class UID", f"`{IMPLEMENTATION_CLASS_UID}`"),
        ("Implementation version name", f"`{IMPLEMENTATION_VERSION_NAME}`"),
        ("Maximum length announced", str(Limits().maximum_pdu_bytes)),
    )
    return table(("Identifying information", "Value"), rows)


def _rejections() -> str:
    rows = (
        (str(rejection.result), str(rejection.source), str(rejection.reason), when)
        for rejection, when in words.REJECTION_WORDS.items()
    )
    return table(("Result", "Source", "Reason", "When"), rows)


def _transfer_syntaxes() -> str:
    rows = ((TRANSFER_SYNTAXES[uid].name, f"`{uid}`") for uid in STORAGE_TRANSFER_SYNTAXES)
    return table(("Transfer syntax", "UID"), rows)


def _refusals() -> str:
    by_status: dict[str, list[str]] = defaultdict(list)
    for reason, status in statuses.REFUSAL_STATUSES.items():
        by_status[f"{status.code:04X}"].append(f"`{reason}`")
    return table(("Status", "Reason of the gate"), ((code, ", ".join(by_status[code])) for code in sorted(by_status)))


def _negotiated(names: Sequence[str], abilities: bytes) -> str:
    rows = (
        (str(number), name, "yes" if ability else "no")
        for number, (name, ability) in enumerate(zip(names, abilities, strict=True), start=1)
    )
    return table(("Byte", "Extended negotiation", "Supported"), rows)


def _attributes() -> str:
    rows = (
        (
            attribute.level.value,
            attribute.keyword,
            f"({attribute.tag[:4]},{attribute.tag[4:]})",
            words.MATCHING_WORDS[attribute.matching],
        )
        for attribute in ATTRIBUTES.values()
    )
    inside = ", ".join(f"`{keyword}`" for keyword in REQUEST_KEYS)
    listed = table(("Level", "Attribute", "Tag", "Matching"), rows)
    return f"Attributes by which the archive is searched and which it answers:\n\n{listed}\n\nKeys inside the item: {inside}."


def _statuses() -> str:
    rows = (
        (f"{status.code:04X}", f"{status.error_id:04X}" if status.error_id is not None else "", status.meaning)
        for status in sorted(statuses.STATUSES, key=lambda status: (status.code, status.error_id or 0))
    )
    return table(("Status", "Error ID", "Meaning"), rows)


def _limits() -> str:
    limits = Limits()
    rows = (
        (f"`{field.name}`", f"{getattr(limits, field.name):.12g}", words.LIMIT_WORDS[field.name]) for field in fields(Limits)
    )
    return table(("Name", "Value", "What it limits"), rows)
