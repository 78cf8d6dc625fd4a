"""The gate in front of every door: one strict pass over a DICOM object's bytes before anything else believes them.

It judges Part 10 files (PS3.10 section 7) and the bare data sets of DIMSE, streaming, and finds on the way what the
archive indexes. Nothing is decoded here and nothing is repaired: an object is accepted as it stands or goes to quarantine.
"""

from __future__ import annotations

from typing import Final

from negatoscope.formats.dicom.containers import Coding
from negatoscope.formats.dicom.data_set_parser import DataSetParser
from negatoscope.formats.dicom.file_meta import FileMetaReader
from negatoscope.formats.dicom.indexing import instance_attributes
from negatoscope.formats.dicom.inflating import BoundedInflater
from negatoscope.formats.dicom.pixel_checks import check_pixels
from negatoscope.formats.dicom.transfer_syntaxes import TransferSyntax, find_transfer_syntax
from negatoscope.formats.dicom.uids import is_uid
from negatoscope.formats.dicom.verdict import Flag, Identity, Refusal, Verdict

HEADER_LIMIT: Final = 4 << 20
_UID_KEYWORDS: Final = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")


class Gate:
    """Take the bytes of one object in pieces of any size, then give the verdict.

    ``transfer_syntax_uid`` None expects a Part 10 file; a UID expects a bare data set in that syntax. What the sender
    announced (DIMSE command) must be what the data set says.
    """

    def __init__(
        self,
        transfer_syntax_uid: str | None = None,
        *,
        sop_class_uid: str | None = None,
        sop_instance_uid: str | None = None,
        header_limit: int = HEADER_LIMIT,
    ) -> None:
        self._announced = {"SOPClassUID": sop_class_uid, "SOPInstanceUID": sop_instance_uid}
        self._header_limit = header_limit
        self._failure: Refusal | None = None
        self._meta: FileMetaReader | None = None
        self._parser: DataSetParser | None = None
        self._syntax: TransferSyntax | None = None
        self._inflater: BoundedInflater | None = None
        self._size = 0
        self._data_set_offset = 0
        if transfer_syntax_uid is None:
            self._meta = FileMetaReader()
        else:
            self._start_data_set(transfer_syntax_uid, 0)

    @property
    def refusal(self) -> Refusal | None:
        """Return why the object is refused as soon as it is known, so that a door can stop early."""
        if self._failure is not None:
            return self._failure
        return self._parser.failure if self._parser is not None else None

    @property
    def transfer_syntax_uid(self) -> str | None:
        """Return the transfer syntax, known from the start or once the file meta information was read."""
        return self._syntax.uid if self._syntax is not None else None

    @property
    def identity(self) -> Identity | None:
        """Return which object this claims to be, None until well-formed UIDs have been read from the data set.

        The verdict still checks them against the file meta information and what was announced.
        """
        if self._syntax is None or self._parser is None:
            return None
        values = self._parser.values
        sop_class_uid = _unpadded(values.get("SOPClassUID", b""))
        sop_instance_uid = _unpadded(values.get("SOPInstanceUID", b""))
        if not (is_uid(sop_class_uid) and is_uid(sop_instance_uid)):
            return None
        return Identity(
            transfer_syntax_uid=self._syntax.uid,
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            data_set_offset=self._data_set_offset,
        )

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._size += len(data)
        if self.refusal is not None:
            return
        if self._meta is not None and self._parser is None:
            rest = self._meta.feed(data)
            self._failure = self._meta.failure
            if rest is None or self._failure is not None:
                return
            self._start_data_set(self._meta.transfer_syntax_uid, self._meta.length)
            data = rest
        self._feed_data_set(data)

    def finish(self) -> Verdict:
        """Give the verdict on all bytes."""
        failure = self._finish_reading()
        warnings = set(self._meta.warnings) if self._meta is not None else set()
        flags = {Flag.PREAMBLE_NOT_ZERO} if self._meta is not None and self._meta.has_preamble_content else set()
        parser = self._parser
        if parser is None:
            return self._refused(failure or Refusal.MISSING_TRANSFER_SYNTAX, warnings, flags)
        uid_failure = self._check_uids(parser)
        pixel_failure, pixels = check_pixels(parser, self._syntax)
        warnings |= parser.warnings
        failure = failure or uid_failure or pixel_failure
        attributes = instance_attributes(parser.values, parser.items, pixels, warnings) if uid_failure is None else None
        return Verdict(
            accepted=failure is None,
            refusal=failure,
            warnings=tuple(sorted(warnings)),
            flags=frozenset(flags),
            transfer_syntax_uid=self.transfer_syntax_uid,
            attributes=attributes,
            pixel_data=parser.pixel_data,
            data_set_offset=self._data_set_offset,
            header_end=parser.header_end or 0,
            header=parser.header(),
            size=self._size,
        )

    def _refused(self, refusal: Refusal, warnings: set[str], flags: set[Flag]) -> Verdict:
        return Verdict(
            accepted=False, refusal=refusal, warnings=tuple(sorted(warnings)), flags=frozenset(flags), size=self._size
        )

    def _start_data_set(self, transfer_syntax_uid: str | None, offset: int) -> None:
        self._data_set_offset = offset
        if not transfer_syntax_uid:
            self._failure = Refusal.MISSING_TRANSFER_SYNTAX
            return
        syntax = find_transfer_syntax(transfer_syntax_uid)
        if syntax is None:
            self._failure = Refusal.UNKNOWN_TRANSFER_SYNTAX
            return
        self._syntax = syntax
        coding = Coding.EXPLICIT_LITTLE if syntax.explicit_vr else Coding.IMPLICIT_LITTLE
        if not syntax.little_endian:
            coding = Coding.EXPLICIT_BIG
        self._parser = DataSetParser(coding, position=offset, header_limit=self._header_limit)
        if syntax.deflated:
            self._inflater = BoundedInflater()

    def _feed_data_set(self, data: bytes) -> None:
        if self._parser is None:
            return
        if self._inflater is None:
            self._parser.feed(data)
            return
        for inflated in self._inflater.feed(data):
            self._parser.feed(inflated)
            if self._parser.failure is not None:
                return
        self._failure = self._inflater.failure

    def _finish_reading(self) -> Refusal | None:
        if self._failure is not None:
            return self._failure
        if self._meta is not None and self._parser is None:
            rest = self._meta.finish()
            if self._meta.failure is not None:
                return self._meta.failure
            self._start_data_set(self._meta.transfer_syntax_uid, self._meta.length)
            self._feed_data_set(rest)
        if self._parser is None:
            return self._failure
        if self._inflater is not None and self._parser.failure is None:
            failure = self._inflater.finish()
            self._parser.warnings |= self._inflater.warnings
            if failure is not None:
                return failure
        return self._parser.finish()

    def _check_uids(self, parser: DataSetParser) -> Refusal | None:
        found: dict[str, str] = {}
        for keyword in _UID_KEYWORDS:
            value = parser.values.get(keyword, b"")
            if value.endswith(b" "):
                parser.warnings.add("uid_space_padded")
            uid = _unpadded(value)
            if not uid:
                return Refusal.MISSING_UID
            if not is_uid(uid):
                return Refusal.BAD_UID
            found[keyword] = uid
        announced = [self._announced]
        if self._meta is not None:
            announced.append({"SOPClassUID": self._meta.sop_class_uid, "SOPInstanceUID": self._meta.sop_instance_uid})
        for said in announced:
            if said["SOPInstanceUID"] and said["SOPInstanceUID"] != found["SOPInstanceUID"]:
                return Refusal.UID_MISMATCH
            if said["SOPClassUID"] and said["SOPClassUID"] != found["SOPClassUID"]:
                return Refusal.SOP_CLASS_MISMATCH
        return None


def _unpadded(value: bytes) -> str:
    """Return the UID without its one NUL, or without the spaces that some devices write instead."""
    text = value.decode("latin-1")
    return text.rstrip(" ") if text.endswith(" ") else text.removesuffix("\0")


def judge(data: bytes, transfer_syntax_uid: str | None = None) -> Verdict:
    """Judge bytes that are in memory already."""
    gate = Gate(transfer_syntax_uid)
    gate.feed(data)
    return gate.finish()
