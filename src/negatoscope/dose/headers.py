"""Read the attributes of a stored object again, from its header alone: pixels stay where they are."""

from __future__ import annotations

from io import BytesIO

import pydicom

from negatoscope.archive.model import Instance
from negatoscope.formats.dicom.attributes import InstanceAttributes
from negatoscope.formats.dicom.gate import judge
from negatoscope.formats.dicom.uids import is_uid
from negatoscope.platform.errors import CorruptObject
from negatoscope.platform.runtime import Platform


def read_header(platform: Platform, instance: Instance) -> bytes:
    """Return the bytes of the stored file up to its pixels."""
    with platform.blobs.open(instance.blob) as reader:
        return reader.read(0, instance.header_end or instance.blob.size)


def read_attributes(header: bytes) -> InstanceAttributes:
    """Return the indexed attributes of a header. Their `pixels` is None: those of the instance's row count."""
    attributes = judge(header).attributes
    if attributes is None:
        raise CorruptObject("The header of a stored object cannot be read.", reason="unreadable_header")
    return attributes


def read_irradiation_event_uid(header: bytes) -> str:
    """Return (0008,3010), or '' where it is absent, several or wrong."""
    data_set = pydicom.dcmread(BytesIO(header), specific_tags=["IrradiationEventUID"], stop_before_pixels=True)
    value = data_set.get("IrradiationEventUID", "")
    return str(value) if isinstance(value, str) and is_uid(str(value)) else ""
