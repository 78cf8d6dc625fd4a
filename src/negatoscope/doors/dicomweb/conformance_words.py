"""The sentences of the DICOMweb conformance statement; its tables are made from the code."""

from __future__ import annotations

from typing import Final

OVERVIEW: Final = """
# DICOMweb conformance

Négatoscope is a DICOMweb origin server (PS3.18). Its root is `/dicom-web` on the HTTP port. This page is what
`negatoscope conformance dicomweb` prints: every table is made from the code.

## Who may ask

Each request carries a bearer token (`Authorization: Bearer …`, made by `negatoscope token create`) or the session cookie of
a person who is signed in; without either it is answered 401. Each resource is one action of the policy. Whoever may not
learn that an object exists is answered 404, as for an object that does not exist; others are answered 403. The first look
at a study within a quarter of an hour, each search and each retrieval of whole objects leave an entry in the audit trail.

Errors are problem details (`application/problem+json`, RFC 9457) with a machine-readable `reason` and no patient data.

## Resources
"""

CAPABILITIES: Final = """
`OPTIONS /` gives this list as WADL (`application/vnd.sun.wadl+xml`, PS3.18 8.9). Not offered: deletion, XML (PS3.19), the
`bulkdata` and `pixeldata` resources of a whole study or series. Workitems (UPS-RS) have [a page of their own](ups.md).
"""

STORING: Final = """
## Storing (STOW-RS)

The body is `multipart/related; type="application/dicom"`, or one object as `application/dicom`. It is read as a stream:
one object at a time, in pieces of 1 MiB. An object is stored when its bytes are on stable storage and its row is committed.
The same bytes again are success.

`multipart/related; type="application/dicom+json"` holds one part of metadata (an array of at most {metadata_mib} MiB, with
at most {signs} braces, brackets and commas) and the bulk data that it refers to. A `BulkDataURI` is the Content-Location of a
part of the same request, or `cid:` and its Content-ID; any other reference makes its object fail (C000), and none is ever
fetched. Pixel data are one `application/octet-stream` part, little endian, or compressed parts of the media types below, one a
frame under one address, their syntax named by `transfer-syntax` or else the first of the table. Other values by reference are binary or
text of at most {inlined_mib} MiB, {object_mib} MiB an object. The attributes of the pixel description are needed in either case. XML is not taken (415).
"""

STATUSES: Final = (
    ("200", "Every object is stored."),
    ("202", "Some are stored; the others are in the Failed SOP Sequence or the Other Failures Sequence."),
    ("400", "The body is no multipart, ends early, or holds no object; the metadata are no JSON."),
    ("409", "No object is stored."),
    ("415", "The media type, or a content encoding, is not taken."),
    ("507", "No object is stored because storage is full."),
)

FAILURES: Final = {
    0xA700: "Storage is full; send it again later.",
    0xA900: "The UIDs contradict the file meta information, the path, or the patient of the study.",
    0xC000: "The gate refused the object, which is kept in quarantine with its reason; or its metadata cannot be understood.",
    0x0111: "Other bytes are stored under this UID. Both are kept; the first stays current.",
    0x0110: "Storage failed.",
}

AFTER_FAILURES: Final = """
Warning reason B007: the object is stored as it is, and the gate noted something odd about it.
"""

SEARCHING: Final = """
## Searching (QIDO-RS)

Answers are `application/dicom+json` in UTF-8. Parameters: attributes by keyword, tag or path
(`00400275.00400009`), `includefield` (`all` is every attribute of the table), `limit`, `offset`, `accept`. Without a limit
at most {studies:,} matches are answered ({instances:,} below a named study). Header `Warning: 299` says that there are more,
that {refused} was asked for and is not done, and which attributes were
not searched or returned. No match is 204. A date range and a time range are one span of time. Attributes of the levels
above may be searched for at every level.

Names match without regard to case and accents and with wildcards; that is literal matching on folded names, not fuzzy
matching, and no sound or spelling rule is applied.
"""

AFTER_ATTRIBUTES: Final = """
Patient ID matches every identifier that the patient bears, whoever gave it. Of the attributes that PS3.18 10.6.3.3 lists,
Performed Procedure Step Start Date and Time are not returned.
"""

RETRIEVING: Final = """
## Retrieving (WADO-RS)

Objects: `multipart/related; type="application/dicom"`; one object also as `application/dicom`. `transfer-syntax=*` gives the
stored form; without a transfer syntax it is Explicit VR Little Endian, decoded if need be; every lossless syntax below can
be asked for. An object that was recompressed at rest is given back as it was received, byte for byte, in its received
syntax. Objects of a study that cannot be given as asked (video) are left out and the status is 206; if none can, 406.

Metadata: `application/dicom+json`. Pixel data and long values come as `BulkDataURI`, which can be retrieved as
`application/octet-stream`, one part or multipart; compressed pixel data comes frame by frame.

Frames: `application/octet-stream` decodes to native little endian, or with `transfer-syntax=*` gives the stored bytes;
the media types below carry compressed frames, the first syntax being the default. A single frame may be asked for without
multipart.

`ETag` and `If-None-Match`: objects, frames, metadata, bulk data, pictures. `Range` and `If-Range`: whatever is given as
stored and in one part, that is one object, one frame, a bulk data value. The media types and transfer syntaxes may be
quoted or not; qualities decide, then the order.
"""

RENDERING: Final = """
### Rendered resources

{pictures} (GIF has 256 colours, JPEG 2000 is without loss);
`window=center,width[,linear|linear-exact|sigmoid]`, `viewport=w,h[,x,y,w,h]`, `quality` (JPEG), `annotation=patient,technique`
(written in letters without accents; such an answer is not to be kept). A single frame is one picture; with
`multipart/related` every frame of the object is a part. A study or series is given as multipart, of at most {most:,}
pictures; objects without pixels and videos are left out. An encapsulated PDF is rendered as `application/pdf`.

A Greyscale Softcopy Presentation State (`{state}`) is rendered as the first image it refers to, or
with `multipart/related` as all of them: modality LUT or rescaling, VOI LUT or window, presentation LUT or shape,
rectangular, circular and polygonal shutters, rotation and flip, displayed area and pixel aspect ratio, graphic objects
(points, polylines, interpolated curves, circles, ellipses) and texts, in the order and grey of their layers. Its
presentation size mode is not: the `viewport` says the size, without it an image pixel is a pixel. A state with a bitmap
shutter, mask subtraction, activated overlays or compound graphics is not rendered at all (406,
`presentation_not_supported`), nor are colour, pseudo-colour, blending and other states.

Thumbnails are JPEG or PNG of at most 512 pixels a side; an object without image has a tile that names its kind.

A stored object that was altered is answered 500 with reason `damaged_frame`, `damaged_header`, `truncated_object` or
`missing_object`, never with other bytes. If the damage is found after an answer has begun, the connection is cut.
"""
