"""What a page gives the viewer island: the study, its priors, where findings are. Strings are the island's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from negatoscope.doors.web.language import current_language
from negatoscope.platform.json_value import JsonValue

DICOMWEB_ROOT: Final = "/dicom-web"


@dataclass(frozen=True, slots=True)
class PriorChoice:
    """A prior study as the viewer offers it: what it is, and why it was chosen."""

    study_uid: str
    label: str
    explanation: str = ""


def viewer_config(
    study_uid: str,
    *,
    priors: Sequence[PriorChoice] = (),
    initial_prior: str | None = None,
    findings_url: str | None = None,
    preferences: Mapping[str, bool] | None = None,
) -> dict[str, JsonValue]:
    """Return the content of the `viewer-config` block."""
    config: dict[str, JsonValue] = {
        "study_uid": study_uid,
        "language": current_language(),
        "dicomweb_root": DICOMWEB_ROOT,
        "priors": [{"study_uid": prior.study_uid, "label": prior.label, "explanation": prior.explanation} for prior in priors],
        "preferences": dict(preferences or {}),
    }
    if initial_prior is not None:
        config["initial_prior"] = initial_prior
    if findings_url is not None:
        config["findings_url"] = findings_url
    return config
