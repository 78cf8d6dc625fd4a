"""What the archive holds back, on the screen: quarantine and conflicts, looked at, copied and settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Path, Request
from starlette.responses import Response, StreamingResponse

from negatoscope.access.actions import Action
from negatoscope.access.model import Subject
from negatoscope.access.policy import may_ever
from negatoscope.archive.held import settling, store
from negatoscope.archive.held.model import RELEASABLE, QuarantineState, Settlement
from negatoscope.archive.held.preview import attributes_of, authorise_copy, differing, preview
from negatoscope.archive.studies import find_instance
from negatoscope.doors.web import archive_words
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import N_, gettext
from negatoscope.doors.web.templates import page, see_other
from negatoscope.platform.blobs.port import BlobRef
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput
from negatoscope.platform.runtime import Platform

router = APIRouter(include_in_schema=False)

MOST_SHOWN: Final = 200
Settler = Annotated[Subject, Depends(requires(Action.RECONCILE_STUDY))]
Uid = Annotated[str, Path(pattern=r"^[0-9.]{1,64}$")]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
Reason = Annotated[str, Form(max_length=settling.LONGEST_REASON)]

STEPS: Final[Mapping[str, tuple[Callable[..., None], str]]] = MappingProxyType({
    "propose": (settling.propose_release, N_("Release proposed")),
    "confirm": (settling.confirm_release, N_("Object released into its study")),
    "withdraw": (settling.withdraw_release, N_("Proposal taken back")),
    "dismiss": (settling.dismiss_quarantined, N_("Object left in quarantine")),
})  # fmt: skip


@router.get("/archive")
def show_held(request: Request, subject: Settler) -> Response:
    """List what is held back."""
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        held, conflicts = store.list_open_quarantine(tx, MOST_SHOWN), store.list_open_conflicts(tx, MOST_SHOWN)
    return page(
        request, "archive/held.html", held=held, conflicts=conflicts, tabs=tabs(subject, "/archive"), words=archive_words
    )


@router.get("/archive/quarantine/{quarantine_id}")
def show_quarantined(request: Request, subject: Settler, quarantine_id: UUID) -> Response:
    """Show one object in quarantine."""
    return _quarantined(request, subject, quarantine_id, {})


@router.post("/archive/quarantine/{quarantine_id}")
def decide_quarantined(
    request: Request,
    subject: Settler,
    quarantine_id: UUID,
    decision: Annotated[str, Form(pattern="^(propose|confirm|withdraw|dismiss)$")],
    version: Annotated[int, Form()],
    reason: Reason = "",
) -> Response:
    """Release it by two people, or let it rest."""
    step, word = STEPS[decision]
    try:
        step(platform_of(request), subject, quarantine_id, version=version, reason=reason)
    except (InvalidInput, Conflict, Forbidden) as error:
        return _quarantined(request, subject, quarantine_id, {"reason": archive_words.explain(error)})
    return see_other(request, "/archive", status=gettext(word))


@router.get("/archive/quarantine/{quarantine_id}/file")
def copy_quarantined(request: Request, subject: Settler, quarantine_id: UUID) -> Response:
    """Give the bytes of an object in quarantine to who may take copies."""
    platform = platform_of(request)
    with platform.database.transaction(platform.tenant) as tx:
        held = store.get_quarantined(tx, quarantine_id)
        authorise_copy(tx, subject, study_uid=held.study_uid, objects={"quarantine_id": str(quarantine_id)})
    return _file(platform, held.blob, f"{quarantine_id}.bin")


@router.get("/archive/conflicts/{sop_instance_uid}/{sha256}")
def show_conflict(request: Request, subject: Settler, sop_instance_uid: Uid, sha256: Sha256) -> Response:
    """Show both objects of a conflict, where they differ."""
    return _conflict(request, subject, sop_instance_uid, sha256, {})


@router.post("/archive/conflicts/{sop_instance_uid}/{sha256}")
def decide_conflict(
    request: Request,
    subject: Settler,
    sop_instance_uid: Uid,
    sha256: Sha256,
    decision: Annotated[Settlement, Form()],
    reason: Reason = "",
) -> Response:
    """Settle a conflict."""
    try:
        settling.settle_conflict(platform_of(request), subject, sop_instance_uid, sha256, decision, reason=reason)
    except (InvalidInput, Conflict, Forbidden) as error:
        return _conflict(request, subject, sop_instance_uid, sha256, {"reason": archive_words.explain(error)})
    return see_other(request, "/archive", status=gettext("Conflict settled"))


@router.get("/archive/conflicts/{sop_instance_uid}/{sha256}/file")
def copy_conflicting(request: Request, subject: Settler, sop_instance_uid: Uid, sha256: Sha256) -> Response:
    """Give the bytes of the other object to who may take copies."""
    platform = platform_of(request)
    with platform.database.transaction(platform.tenant) as tx:
        conflict = store.get_conflict(tx, sop_instance_uid, sha256)
        objects = {"sop_instance_uid": sop_instance_uid, "sha256": sha256}
        authorise_copy(tx, subject, study_uid=conflict.study_uid, objects=objects)
    return _file(platform, conflict.blob, f"{sop_instance_uid}.dcm")


def tabs(subject: Subject, current: str) -> list[dict[str, object]]:
    """Return the tabs of the archive for a person."""
    return archive_words.archive_tabs(
        current,
        may_move=may_ever(subject, Action.MOVE_IMAGES),
        may_erase=may_ever(subject, Action.DELETE_BY_RETENTION),
    )


def _quarantined(request: Request, subject: Subject, quarantine_id: UUID, errors: Mapping[str, str]) -> Response:
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        held = store.get_quarantined(tx, quarantine_id)
    objects = {"quarantine_id": str(quarantine_id)}
    return page(
        request,
        "archive/quarantined.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        held=held,
        attributes=preview(platform, subject, held.blob, study_uid=held.study_uid, objects=objects),
        may_propose=held.reason in RELEASABLE and held.state is QuarantineState.WAITING,
        may_confirm=held.state is QuarantineState.RELEASE_PROPOSED and held.proposed_by != subject.user_id,
        may_withdraw=held.state is QuarantineState.RELEASE_PROPOSED,
        is_open=held.state in {QuarantineState.WAITING, QuarantineState.RELEASE_PROPOSED},
        may_copy=may_ever(subject, Action.DOWNLOAD_DICOM),
        errors=errors,
        words=archive_words,
    )


def _conflict(request: Request, subject: Subject, sop_instance_uid: str, sha256: str, errors: Mapping[str, str]) -> Response:
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        conflict = store.get_conflict(tx, sop_instance_uid, sha256)
        current = find_instance(tx, sop_instance_uid)
    objects = {"sop_instance_uid": sop_instance_uid, "sha256": sha256}
    other = preview(platform, subject, conflict.blob, study_uid=conflict.study_uid, objects=objects)
    return page(
        request,
        "archive/conflict.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        conflict=conflict,
        current=current,
        differences=differing(attributes_of(platform, current), other) if current and other is not None else None,
        decisions=[(settlement.value, gettext(word)) for settlement, word in archive_words.DECISIONS.items()],
        may_copy=may_ever(subject, Action.DOWNLOAD_DICOM),
        errors=errors,
        words=archive_words,
    )


def _file(platform: Platform, blob: BlobRef, name: str) -> Response:
    def chunks() -> Iterator[bytes]:
        with platform.blobs.open(blob) as reader:
            yield from reader.chunks()

    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(blob.size)}
    return StreamingResponse(chunks(), media_type="application/octet-stream", headers=headers)
