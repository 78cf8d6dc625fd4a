"""The transfer syntaxes we know and how each is encoded (PS3.5 section 10 and annex A, PS3.6 table A-1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferSyntax:
    """Say how a data set and its pixels are encoded. ``codec`` is None for native pixels."""

    uid: str
    name: str
    explicit_vr: bool = True
    little_endian: bool = True
    encapsulated: bool = True
    deflated: bool = False
    lossy: bool = False
    codec: str | None = None


IMPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1.99"
ENCAPSULATED_UNCOMPRESSED: Final = "1.2.840.10008.1.2.1.98"
EXPLICIT_VR_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
JPEG_BASELINE: Final = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED: Final = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS: Final = "1.2.840.10008.1.2.4.57"
JPEG_LOSSLESS_SV1: Final = "1.2.840.10008.1.2.4.70"
JPEG_LS_LOSSLESS: Final = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR_LOSSLESS: Final = "1.2.840.10008.1.2.4.81"
JPEG_2000_LOSSLESS: Final = "1.2.840.10008.1.2.4.90"
JPEG_2000: Final = "1.2.840.10008.1.2.4.91"
JPEG_XL_LOSSLESS: Final = "1.2.840.10008.1.2.4.110"
JPEG_XL_JPEG_RECOMPRESSION: Final = "1.2.840.10008.1.2.4.111"
JPEG_XL: Final = "1.2.840.10008.1.2.4.112"
HTJ2K_LOSSLESS: Final = "1.2.840.10008.1.2.4.201"
HTJ2K_LOSSLESS_RPCL: Final = "1.2.840.10008.1.2.4.202"
HTJ2K: Final = "1.2.840.10008.1.2.4.203"
RLE_LOSSLESS: Final = "1.2.840.10008.1.2.5"


def _native(
    uid: str, name: str, *, explicit_vr: bool = True, little_endian: bool = True, deflated: bool = False
) -> TransferSyntax:
    return TransferSyntax(
        uid=uid, name=name, explicit_vr=explicit_vr, little_endian=little_endian, encapsulated=False, deflated=deflated
    )


def _video(uid: str, name: str) -> TransferSyntax:
    return TransferSyntax(uid=uid, name=name, lossy=True, codec="video")


_ALL: Final = (
    _native(IMPLICIT_VR_LITTLE_ENDIAN, "Implicit VR Little Endian", explicit_vr=False),
    _native(EXPLICIT_VR_LITTLE_ENDIAN, "Explicit VR Little Endian"),
    _native(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, "Deflated Explicit VR Little Endian", deflated=True),
    _native(EXPLICIT_VR_BIG_ENDIAN, "Explicit VR Big Endian", little_endian=False),
    TransferSyntax(uid=ENCAPSULATED_UNCOMPRESSED, name="Encapsulated Uncompressed Explicit VR Little Endian"),
    TransferSyntax(uid=JPEG_BASELINE, name="JPEG Baseline (Process 1)", lossy=True, codec="jpeg"),
    TransferSyntax(uid=JPEG_EXTENDED, name="JPEG Extended (Process 2 and 4)", lossy=True, codec="jpeg"),
    TransferSyntax(uid=JPEG_LOSSLESS, name="JPEG Lossless (Process 14)", codec="jpeg_lossless"),
    TransferSyntax(uid=JPEG_LOSSLESS_SV1, name="JPEG Lossless (Process 14, Selection Value 1)", codec="jpeg_lossless"),
    TransferSyntax(uid=JPEG_LS_LOSSLESS, name="JPEG-LS Lossless", codec="jpeg_ls"),
    TransferSyntax(uid=JPEG_LS_NEAR_LOSSLESS, name="JPEG-LS Near-Lossless", lossy=True, codec="jpeg_ls"),
    TransferSyntax(uid=JPEG_2000_LOSSLESS, name="JPEG 2000 (Lossless Only)", codec="jpeg_2000"),
    TransferSyntax(uid=JPEG_2000, name="JPEG 2000", lossy=True, codec="jpeg_2000"),
    TransferSyntax(uid=JPEG_XL_LOSSLESS, name="JPEG XL Lossless", codec="jpeg_xl"),
    TransferSyntax(uid=JPEG_XL_JPEG_RECOMPRESSION, name="JPEG XL JPEG Recompression", lossy=True, codec="jpeg_xl"),
    TransferSyntax(uid=JPEG_XL, name="JPEG XL", lossy=True, codec="jpeg_xl"),
    TransferSyntax(uid=HTJ2K_LOSSLESS, name="High-Throughput JPEG 2000 (Lossless Only)", codec="htj2k"),
    TransferSyntax(uid=HTJ2K_LOSSLESS_RPCL, name="High-Throughput JPEG 2000 with RPCL (Lossless Only)", codec="htj2k"),
    TransferSyntax(uid=HTJ2K, name="High-Throughput JPEG 2000", lossy=True, codec="htj2k"),
    TransferSyntax(uid=RLE_LOSSLESS, name="RLE Lossless", codec="rle"),
    _video("1.2.840.10008.1.2.4.100", "MPEG2 Main Profile / Main Level"),
    _video("1.2.840.10008.1.2.4.100.1", "Fragmentable MPEG2 Main Profile / Main Level"),
    _video("1.2.840.10008.1.2.4.101", "MPEG2 Main Profile / High Level"),
    _video("1.2.840.10008.1.2.4.101.1", "Fragmentable MPEG2 Main Profile / High Level"),
    _video("1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile / Level 4.1"),
    _video("1.2.840.10008.1.2.4.102.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1"),
    _video("1.2.840.10008.1.2.4.103", "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1"),
    _video("1.2.840.10008.1.2.4.103.1", "Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1"),
    _video("1.2.840.10008.1.2.4.104", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video"),
    _video("1.2.840.10008.1.2.4.104.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video"),
    _video("1.2.840.10008.1.2.4.105", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video"),
    _video("1.2.840.10008.1.2.4.105.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video"),
    _video("1.2.840.10008.1.2.4.106", "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2"),
    _video("1.2.840.10008.1.2.4.106.1", "Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2"),
    _video("1.2.840.10008.1.2.4.107", "HEVC/H.265 Main Profile / Level 5.1"),
    _video("1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10 Profile / Level 5.1"),
)

TRANSFER_SYNTAXES: Final[dict[str, TransferSyntax]] = {syntax.uid: syntax for syntax in _ALL}


def find_transfer_syntax(uid: str) -> TransferSyntax | None:
    """Return the transfer syntax of this UID, or None when we do not know it."""
    return TRANSFER_SYNTAXES.get(uid)
