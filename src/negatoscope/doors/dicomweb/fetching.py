"""Fetch from another archive as its client: QIDO-RS for what it has of a patient, WADO-RS for a study (PS3.18 10.6, 10.4).

Each object passes our gate as it streams in, as from anybody; nothing is gathered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from email.message import Message
from typing import Final

import httpx

from negatoscope.access.model import Subject, system_subject
from negatoscope.archive.model import Outcome
from negatoscope.archive.prefetch.model import PriorSource, RemoteStudy
from negatoscope.archive.prefetch.remote_studies import remote_study
from negatoscope.archive.receive import IncomingInstance, Source, SourceKind, begin_instance
from negatoscope.archive.routing.servers import WebDestination
from negatoscope.doors.dicomweb.multipart_reader import MultipartReader, PartBegins, PartBytes, PartEnds
from negatoscope.doors.dicomweb.remote import connected, read_json, require_success
from negatoscope.platform.errors import InvalidInput, Unavailable
from negatoscope.platform.json_value import JsonValue
from negatoscope.platform.runtime import Platform

STUDY_TAGS: Final[Mapping[str, str]] = {
    "StudyInstanceUID": "0020000D",
    "StudyDate": "00080020",
    "ModalitiesInStudy": "00080061",
    "NumberOfStudyRelatedInstances": "00201208",
    "PatientID": "00100020",
    "PatientName": "00100010",
    "PatientBirthDate": "00100030",
    "PatientSex": "00100040",
    "IssuerOfPatientID": "00100021",
}
BODY_PART: Final = "00180015"
MOST_ANSWERS: Final = 1000
SUBJECT: Final = "prefetch"


def find_studies(platform: Platform, server: WebDestination, identifier: str, issuer: str) -> list[RemoteStudy]:
    """Return the studies that a server has of the patient with this number; what it answers wrongly is passed over."""
    fields = ("IssuerOfPatientID", "PatientSex", "PatientBirthDate", "PatientName", "NumberOfStudyRelatedInstances")
    params = [("PatientID", identifier), ("limit", str(MOST_ANSWERS)), *(("includefield", field) for field in fields)]
    found = [
        remote_study({keyword: _text(one, tag) for keyword, tag in STUDY_TAGS.items()})
        for one in _query(server, f"{server.base_url}/studies", params)
    ]
    return [one for one in found if one is not None]


def find_parts(platform: Platform, server: WebDestination, study_uid: str) -> list[str]:
    """Return the body parts that the series of a study name."""
    params = [("includefield", "BodyPartExamined"), ("limit", str(MOST_ANSWERS))]
    return [_text(one, BODY_PART) for one in _query(server, f"{server.base_url}/studies/{study_uid}/series", params)]


def fetch_study(platform: Platform, server: WebDestination, source: PriorSource, study_uid: str) -> None:
    """Bring a study here; Unavailable when an object is not among what we may keep, or something did not come."""
    subject = system_subject(platform.tenant, SUBJECT)
    # Named after the server, not the source: what routing compares when it sends nothing back to where it came from.
    origin = Source(kind=SourceKind.FETCH, name=server.name, address=None)
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    with (
        connected(server) as client,
        client.stream("GET", f"{server.base_url}/studies/{study_uid}", headers={"Accept": accept}) as response,
    ):
        require_success(response)
        refused = _receive(platform, subject, origin, source, study_uid, response)
    if refused:
        raise Unavailable("The server gave objects that were not kept as they are.", reason=refused)


def _receive(
    platform: Platform, subject: Subject, origin: Source, source: PriorSource, study_uid: str, response: httpx.Response
) -> str:
    """Store each part as it comes; return why one of them did not become part of the study, '' when all did."""
    reader = MultipartReader(_boundary(response))
    incoming: IncomingInstance | None = None
    count = 0
    refused = ""
    try:
        for chunk in response.iter_bytes():
            for event in reader.feed(chunk):
                match event:
                    case PartBegins():
                        count += 1
                        if count > source.most_objects:
                            raise Unavailable("The server gives more than it said.", reason="too_many_objects")
                        incoming = begin_instance(platform, subject, source=origin, study_uid=study_uid)
                    case PartBytes(data):
                        if incoming is not None:
                            incoming.write(data)
                    case PartEnds():
                        if incoming is not None:
                            stored = incoming.commit()
                            incoming = None
                            if stored.outcome not in {Outcome.STORED, Outcome.DUPLICATE}:
                                refused = stored.refusal or stored.outcome.value
        reader.finish()
    except InvalidInput as error:
        raise Unavailable("The server's answer broke off or cannot be read.", reason=error.reason) from error
    finally:
        if incoming is not None:
            incoming.discard()
    return refused


def _boundary(response: httpx.Response) -> str:
    header = Message()
    header["Content-Type"] = response.headers.get("content-type", "")
    boundary = header.get_param("boundary")
    if header.get_content_type() != "multipart/related" or not isinstance(boundary, str):
        raise Unavailable("The server does not answer in the form asked for.", reason="answer_not_understood")
    return boundary


def _query(server: WebDestination, address: str, params: list[tuple[str, str]]) -> Iterator[Mapping[str, JsonValue]]:
    headers = {"Accept": "application/dicom+json"}
    with connected(server) as client, client.stream("GET", address, params=tuple(params), headers=headers) as response:
        require_success(response)
        if response.status_code == 204:
            return
        try:
            answer = read_json(response)
        except InvalidInput as error:
            raise Unavailable("The server's answer cannot be read.", reason=error.reason) from error
    for one in (answer if isinstance(answer, list) else [])[:MOST_ANSWERS]:
        if isinstance(one, Mapping):
            yield one


def _text(one: Mapping[str, JsonValue], tag: str) -> str:
    """Return the values of an attribute as DICOM writes them; of a name its first group."""
    element = one.get(tag)
    values = element.get("Value") if isinstance(element, Mapping) else None
    texts = []
    for value in values if isinstance(values, list) else []:
        named = value.get("Alphabetic") or value.get("Ideographic") if isinstance(value, Mapping) else value
        texts.append(str(named) if isinstance(named, (str, int)) else "")
    return "\\".join(texts)
