"""The sentences of the DICOM conformance statement; its tables are made from the code by `conformance`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from negatoscope.archive.query_attributes import Matching
from negatoscope.doors.dimse.pdu import AssociateReject, Rejection

OVERVIEW: Final = """# DICOM conformance: the network door

Written by `negatoscope conformance dicom`; a test compares this page with what the command prints. The order is that of a
conformance statement of PS3.2.

## Overview

One application entity keeps images, answers queries, gives images back, serves the modality worklist, takes performed steps
and requests of storage commitment, and manages unified procedure steps. It opens associations itself to send objects
(C-MOVE and routing), reports and notices, and only to devices that an administrator listed. Media are not written or read
by this entity. Its upper layer is our own.
"""

MODEL: Final = """## Networking

### Implementation model

An object that arrives is judged by [the gate](dicom-gate.md), written, synced and committed before it is acknowledged. What is
sent leaves as it came, bit for bit, or decoded to little endian for a peer that does not take its form.

### Application entity

Several processes serve the same ports and are one application entity.
"""

CALLED: Final = """Objects are proposed in the syntax that a rule wishes for, in the one in which they are kept, and in little endian; a warning
(Bxxx) counts as taken, whatever else fails is named and tried again. A notification has the attributes of PS3.4 table R.3.2-1
and no other: ONLINE for what the archive shows, UNAVAILABLE for what it hides."""

POLICIES: Final = """#### Association policies

- **General.** Application context `1.2.840.10008.3.1.1.1`. A device is known by calling AE title and address together, and by
  its certificate where it is bound to one, all registered by an administrator with the services that it may use. The
  demonstration department accepts any calling AE title from the loopback address. The called AE title must be ours. Refusals
  of strangers stand in the audit trail.
- **Number of associations.** See the limits below. Associations that we open are one for each retrieval, report or delivery.
- **Asynchronous nature.** One operation at a time: a proposed window is answered with one invoked and one performed.
- **Presentation contexts.** All 128 that can be proposed are judged; the first transfer syntax that we take is chosen.
- **Role selection.** Granted for storage classes, to peers that receive objects by C-GET.
- **Staying.** A device that would not be let in as it was (disabled, another certificate, address or services) has its
  associations ended with A-ABORT of the service user within five seconds, whatever is under way.
- **User identity.** A user name with a passcode (type 2) is checked against the accounts where the device must name a user, or
  where a positive response is asked for, which is then given; a wrong one is refused. Other types are passed over, and refused
  where the device must name a user. What a device may do does not depend on the user, who is named in the audit trail.
- **SOP class common extended negotiation.** A class that it declares as one of the storage service is taken as such.
"""

STORAGE: Final = """#### Storage

As provider: the {count} storage classes of the DICOM dictionary, younger ones of the same arc (`1.2.840.10008.5.1.4.1.1.`),
classes declared as storage by common extended negotiation, and every private class (outside `1.2.840.10008.`). A context is
accepted in the first of these transfer syntaxes that the requestor lists:
"""

STORAGE_BEHAVIOUR: Final = """Deflated Explicit VR and Explicit VR Big Endian (retired) are refused on the network.

An object is acknowledged with success once its bytes are synced and its rows committed. Nothing is coerced or discarded on
reception, so there is no warning status. The same object again is success; other bytes under a known SOP Instance UID are
kept apart and answered C003. What the gate refuses stays in quarantine:
"""

QUERY: Final = """#### Query

Both roots at all their levels, hierarchical unless a relational query was agreed on. In a hierarchical query a value below
the query level is answered A900, as is a unique key that is absent above it; a key without value at another level is
returned where the level has it. An attribute that we do not know and that has a value, or by which we do not search, makes the
pending status FF01. Wildcards are `*` and `?`; names match without regard to case, accents and punctuation, each component
group that is given by itself. A list of identifiers has 10,000 at most. A number that any issuer gave to a patient finds the
patient. Matches beyond the limit end with A700. C-CANCEL is honoured between two responses.

Extended negotiation, as we answer it:
"""

RETRIEVAL: Final = """#### Retrieval

C-MOVE sends to registered devices that have a host and a port, never to ourselves; anything else is A801 and opens no
connection. A relational retrieval, where agreed on, names objects without the keys above them. A pending response with counts
follows each sub-operation but the last; the final one names what failed. C-CANCEL is honoured between two sub-operations.
A destination that does not answer or accept is A702.
"""

STEPS: Final = """#### Worklist, performed steps and storage commitment

The worklist answers the keys of PS3.4 annex K with FF01 for those by which it does not search. N-CREATE and N-SET follow PS3.4
annex F.7; an N-SET on a final step is answered 0110 with Error ID A710. N-CREATE without an instance UID is given one.

Storage commitment confirms an object when it is stored with the class that was named and all its bytes have been read again
and hash to what was written. A device with a registered host and port is answered on a new association by a job that is tried
again while the device does not listen; one without is answered on the association that asked, if it is still open. A report
of storage commitment that comes to us confirms nothing: it is answered 0211 and stands in the audit trail.
"""

REJECTIONS: Final = """#### Association rejections

"""

STATUSES: Final = """#### Status codes

"""

INTERFACES: Final = """### Network interfaces and configuration

TCP/IP version 4 and 6. The plain port is {port} by default and listens on the loopback address alone; the port over TLS is {tls_port}
by default and opens when a certificate is set. The default AE title is `{ae_title}`. All of it, and the devices that are known,
is configuration: [settings](settings.md), and the page of the devices.

Times are in seconds. Counts hold for each process.
"""

AFTER_LIMITS: Final = """A unit that breaks a limit, or the grammar, is answered with A-ABORT of the service provider and the reason of PS3.8 table
9-26; before an association is established, with A-ABORT of the service user.
"""

REST: Final = """## Media interchange

None by this entity.

## Character sets

Every character set of PS3.3 C.12.1.1.2 that pydicom decodes is read. Responses are in the default repertoire where every value
is ASCII, in ISO_IR 100 where the request is and every value fits, else in ISO_IR 192.

## Security

The BCP 195 profile (PS3.15 B.12): TLS 1.2 with the suites below, or TLS 1.3; no older protocol, no compression, no renegotiation.
Peers are authenticated by certificates of the authorities that are set, unless that is made optional. A device bound to a
certificate by its SHA-256 fingerprint is let in with that one alone and called only at its holder; for other devices that
listen with TLS, the certificate must name the host. Certificate revocation lists are not read.
"""

LIMIT_WORDS: Final[Mapping[str, str]] = {
    "request_bytes": "Longest A-ASSOCIATE-RQ",
    "maximum_pdu_bytes": "Longest P-DATA-TF that we announce, and send where the peer allows it",
    "pdu_slack_bytes": "How much longer a P-DATA-TF may be before the association is aborted",
    "identifier_bytes": "Longest identifier of C-FIND, C-MOVE, C-GET",
    "attribute_list_bytes": "Longest data set of N-CREATE, N-SET, N-ACTION",
    "buffered_bytes": "Bytes of one object that wait for the disk before reading stops",
    "artim_s": "ARTIM: for the TLS handshake, for the request after it, and for the peer to close",
    "pdu_s": "For a protocol data unit to be whole, however its bytes come",
    "message_s": "For a message to be whole",
    "message_least_bytes_per_s": "…and one second more for each so many bytes received",
    "idle_s": "Between two messages",
    "send_s": "For a peer to read what we send",
    "stop_s": "For operations in flight when the product stops",
    "associations": "Associations of one process",
    "associations_per_address": "…of which from one address",
    "connections_per_address": "Connections of one address, associated or not",
    "silent_per_address": "Connections of one address that have asked for nothing after…",
    "silent_grace_s": "…so many seconds; the youngest beyond are closed",
    "handshake_grace_s": "…or, over TLS, whose handshake is not done after so many: real ones come in bursts and cost both sides work",
    "find_responses": "Matches of one C-FIND on the archive; then A700",
}

REJECTION_WORDS: Final[Mapping[AssociateReject, str]] = {
    Rejection.NO_REASON: "The peer would read data units shorter than 128 bytes, or a user who must be named is not, or not rightly",
    Rejection.APPLICATION_CONTEXT: "Another application context than DICOM's",
    Rejection.CALLING_AE_TITLE: "Unknown calling AE title, or a known one from another address or without its certificate",
    Rejection.CALLED_AE_TITLE: "Another called AE title than ours; told to known callers only",
    Rejection.PROTOCOL_VERSION: "Another protocol version",
    Rejection.TEMPORARY_CONGESTION: "The database does not answer, or we are stopping",
    Rejection.LOCAL_LIMIT: "No association is free",
}

MATCHING_WORDS: Final[Mapping[Matching, str]] = {
    Matching.UID: "list of UIDs",
    Matching.TEXT: "single value, wildcard",
    Matching.NAME: "single value, wildcard",
    Matching.DATE: "single value, range",
    Matching.TIME: "single value, range",
    Matching.INTEGER: "single value",
    Matching.ANY_OF: "any of several values, wildcard",
    Matching.REQUEST: "keys inside the item",
    Matching.NONE: "returned only",
}
