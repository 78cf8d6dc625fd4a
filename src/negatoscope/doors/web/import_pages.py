"""Imports: discs, folders and ZIPs that people bring, taken in as they are sent, with a verdict for each file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise, decide
from negatoscope.access.model import Subject
from negatoscope.access.policy import may_ever
from negatoscope.archive.imports import store
from negatoscope.archive.imports.model import Verdict
from negatoscope.archive.studies import list_studies
from negatoscope.doors.web import archive_words
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import N_, gettext
from negatoscope.doors.web.templates import page, see_other
from negatoscope.doors.web.uploaded_files import ReceivedFiles
from negatoscope.patients.store import get_patient

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
FILES: Final = 200
_PIECE_BYTES: Final = 1 << 20
Importer = Annotated[Subject, Depends(requires(Action.IMPORT_STUDY))]

VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.STORED: N_("Stored"),
    Verdict.DUPLICATE: N_("Already there"),
    Verdict.CONFLICT: N_("Other content under a known number"),
    Verdict.QUARANTINED: N_("In quarantine"),
    Verdict.REFUSED: N_("Refused"),
    Verdict.SKIPPED: N_("Passed over"),
}
REASONS: Final[Mapping[str, str]] = {
    "path_outside": N_("Its name leads outside the disc"),
    "not_a_plain_file": N_("A link, or no plain file"),
    "encrypted": N_("Encrypted"),
    "duplicate_name": N_("Another file has the same name"),
    "damaged_entry": N_("Damaged"),
    "unreadable": N_("Cannot be read"),
    "too_large": N_("Holds more than it may"),
    "named_but_missing": N_("Named by the directory, but not there"),
    "bad_zip": N_("A damaged ZIP"),
    "too_many_entries": N_("A ZIP of too many files"),
    "not_dicom": N_("No DICOM file"),
    "nested_archive": N_("A ZIP inside a ZIP is not opened"),
    "directory": N_("The directory of the disc"),
    "bad_directory": N_("A directory that cannot be read; the files were looked for all the same"),
}


@router.get("/imports")
def show_imports(request: Request, subject: Importer, after: Annotated[str, Query(max_length=128)] = "") -> Response:
    """List the imports and offer a new one."""
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        authorise(tx, subject, Action.IMPORT_STUDY)  # of no patient in particular: a patient may not
        found = store.list_imports(tx, after=_key(after), limit=PAGE + 1)
    shown, rest = found[:PAGE], found[PAGE:]
    last = shown[-1] if rest else None
    following = urlencode({"after": f"{last.started_at.isoformat()} {last.import_id}"}) if last is not None else None
    return page(
        request, "imports/list.html", imports=shown, next_href=f"/imports?{following}" if following else None, Verdict=Verdict
    )


@router.post("/imports/upload")
async def upload(request: Request, subject: Importer) -> Response:
    """Take the files of a form as they come: one at a time is in flight, and none of it waits in memory or in the clear."""
    received = await run_in_threadpool(ReceivedFiles, platform_of(request), subject, request.headers.get("content-type", ""))
    try:
        held = bytearray()
        async for chunk in request.stream():
            held += chunk
            if len(held) >= _PIECE_BYTES:
                piece, held = bytes(held), bytearray()
                await run_in_threadpool(received.feed, piece)
        await run_in_threadpool(received.feed, bytes(held))
        import_id = await run_in_threadpool(received.finish)
    except ClientDisconnect:
        return Response(status_code=400)
    finally:
        await run_in_threadpool(received.close)
    return see_other(request, f"/imports/{import_id}")


@router.get("/imports/{import_id}")
def show_import(
    request: Request,
    subject: Importer,
    import_id: UUID,
    verdict: Annotated[str, Query(max_length=16)] = "",
    after: Annotated[str, Query(max_length=1024)] = "",
) -> Response:
    """Show what became of each file, and whose the studies are now."""
    platform = platform_of(request)
    chosen = Verdict(verdict) if verdict in set(Verdict) else None
    with platform.database.read(platform.tenant) as tx:
        authorise(tx, subject, Action.IMPORT_STUDY)
        one = store.get_import(tx, import_id)
        files = store.list_verdicts(tx, import_id, verdict=chosen, after=after, limit=FILES + 1)
        brought = list_studies(tx, store.list_study_uids(tx, import_id))
        studies = [
            study
            for study in brought
            if decide(tx, subject, Action.SEARCH_PATIENTS, patient_id=study.patient_id, study_uid=study.study_uid).allowed
        ]
        patients = {study.study_uid: get_patient(tx, study.patient_id) for study in studies}
    following = urlencode({"verdict": verdict, "after": files[FILES - 1].name}) if len(files) > FILES else None
    return page(
        request,
        "imports/import.html",
        one=one,
        files=[(file, gettext(VERDICTS[file.verdict]), reason_word(file.reason)) for file in files[:FILES]],
        studies=[(study, patients[study.study_uid]) for study in studies],
        tabs=[
            {
                "href": f"/imports/{import_id}?verdict={known.value}",
                "word": gettext(word),
                "count": one.verdicts[known],
                "current": known is chosen,
            }
            for known, word in VERDICTS.items()
            if known in one.verdicts
        ],
        chosen=chosen,
        may_correct=may_ever(subject, Action.RECONCILE_STUDY),
        next_href=f"/imports/{import_id}?{following}" if following else None,
    )


def reason_word(reason: str | None) -> str:
    """Return why a file was not stored, in words: those of the reading, else those of the quarantine."""
    if reason is None:
        return ""
    return gettext(REASONS[reason]) if reason in REASONS else archive_words.reason_word(reason)


def _key(text: str) -> tuple[datetime, UUID] | None:
    at, _, identifier = text.partition(" ")
    try:
        return datetime.fromisoformat(at), UUID(identifier)
    except ValueError:
        return None
