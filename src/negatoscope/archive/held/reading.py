"""Read an object that is held back through the gate once more: what it is, and where its parts lie."""

from __future__ import annotations

from negatoscope.archive.layouts import layout_of
from negatoscope.archive.model import Instance
from negatoscope.archive.rows import instance_of
from negatoscope.formats.dicom.gate import Gate
from negatoscope.formats.dicom.verdict import Verdict
from negatoscope.platform.blobs.port import BlobRef
from negatoscope.platform.runtime import Platform


def read_again(platform: Platform, blob: BlobRef) -> tuple[Verdict, Instance | None]:
    """Return the gate's verdict, and the row that the object would have; None for what the gate refuses.

    The caller says from where and when it came.
    """
    gate = Gate()
    with platform.blobs.open(blob) as reader:
        for chunk in reader.chunks():
            gate.feed(chunk)
    verdict = gate.finish()
    attributes, syntax = verdict.attributes, verdict.transfer_syntax_uid
    if not verdict.accepted or attributes is None or syntax is None:
        return verdict, None
    instance = instance_of(
        attributes,
        transfer_syntax_uid=syntax,
        layout=layout_of(platform.blobs, verdict, blob),
        warnings=(*verdict.warnings, *sorted(flag.value for flag in verdict.flags)),
        source="",
        at=platform.clock.now(),
        blob=blob,
    )
    return verdict, instance
