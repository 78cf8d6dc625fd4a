"""How the images of each modality are kept once their study is complete: as received, or smaller without loss."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from negatoscope.access.actions import Action
from negatoscope.access.model import Subject
from negatoscope.archive.recompression.model import Codec
from negatoscope.archive.recompression.rules import list_rules, remove_rule, set_rule
from negatoscope.archive.recompression.store import sum_recompressed
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import N_, gettext
from negatoscope.doors.web.templates import page, see_other
from negatoscope.platform.errors import InvalidInput

router = APIRouter(include_in_schema=False)

CODEC_WORDS: Final[Mapping[Codec, str]] = MappingProxyType({
    Codec.HTJ2K: N_("HTJ2K, lossless: quick to open, for recent systems"),
    Codec.JPEG_LS: N_("JPEG-LS, lossless: understood by most systems"),
})  # fmt: skip
MODALITIES: Final = ("CR", "CT", "DX", "IO", "MG", "MR", "NM", "OT", "PT", "PX", "RF", "SC", "US", "XA")

Manager = Annotated[Subject, Depends(requires(Action.MANAGE_DEVICES))]


@router.get("/recompression")
def show_rules(request: Request, subject: Manager) -> Response:
    """Show the rule of each modality, and what they have saved."""
    return _page(request, subject, "", "", {})


@router.post("/recompression")
def change_rule(
    request: Request,
    subject: Manager,
    modality: Annotated[str, Form(max_length=64)] = "",
    codec: Annotated[str, Form(max_length=16)] = "",
) -> Response:
    """Set the rule of a modality."""
    if codec not in list(Codec):
        return _page(request, subject, modality, codec, {"codec": gettext("Choose how the images are kept.")})
    try:
        set_rule(platform_of(request), subject, modality=modality, codec=Codec(codec))
    except InvalidInput:
        fault = gettext("A modality is a code of 1 to 16 capital letters or digits, such as CT or DX.")
        return _page(request, subject, modality, codec, {"modality": fault})
    return see_other(request, "/recompression", status=gettext("Rule kept"))


@router.post("/recompression/remove")
def remove_modality(request: Request, subject: Manager, modality: Annotated[str, Form(max_length=64)] = "") -> Response:
    """Keep the images of a modality as received from now on."""
    remove_rule(platform_of(request), subject, modality=modality)
    return see_other(request, "/recompression", status=gettext("Images are kept as received from now on"))


def _page(request: Request, subject: Subject, modality: str, codec: str, errors: Mapping[str, str]) -> Response:
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        rules = list_rules(tx, subject)
        objects, received_bytes, kept_bytes = sum_recompressed(tx)
    return page(
        request,
        "recompression/rules.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        rules=rules,
        words={one: gettext(word) for one, word in CODEC_WORDS.items()},
        modalities=MODALITIES,
        modality=modality,
        codec=codec,
        errors=errors,
        objects=objects,
        received_bytes=received_bytes,
        kept_bytes=kept_bytes,
    )
