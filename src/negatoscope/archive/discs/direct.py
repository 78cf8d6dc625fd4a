"""A disc that is written at once, by whoever waits for it: the operator's command, a copy through a share."""

from __future__ import annotations

from collections.abc import Sequence

from negatoscope.access.actions import Action
from negatoscope.access.model import Subject
from negatoscope.archive.corrections.marks import find_corrected
from negatoscope.archive.discs.content import DiscContent, DiscObject
from negatoscope.archive.discs.disguise import Disguise
from negatoscope.archive.discs.projects import keep_project, project_key
from negatoscope.archive.model import Instance
from negatoscope.archive.study_store import get_study
from negatoscope.archive.viewing_trail import authorised_instances
from negatoscope.formats.dicom.deidentification.profile import Option, Profile
from negatoscope.platform.runtime import Platform


def disc_of(
    platform: Platform,
    subject: Subject,
    study_uids: Sequence[str],
    *,
    project: str | None = None,
    options: frozenset[Option] = frozenset(),
    language: str = "fr",
) -> DiscContent:
    """Return what goes on the disc; policy is asked, and the act traced, for each study before anything is read.

    A `project` takes the identity out, under its key.
    """
    profile = Profile(options=options)
    found = [one for study_uid in dict.fromkeys(study_uids) for one in _authorised(platform, subject, study_uid)]
    with platform.database.transaction(platform.tenant) as tx:
        uids = {instance.study_uid for instance in found}
        patients = {uid: str(get_study(tx, uid).patient_id) for uid in uids}
        corrected = {uid: find_corrected(tx, uid) for uid in uids}
        key = None
        if project is not None:
            key = project_key(platform, tx, keep_project(platform, tx, subject, project))
    return DiscContent(
        platform=platform,
        objects=[
            DiscObject(instance=one, patient=patients[one.study_uid], corrected=corrected[one.study_uid]) for one in found
        ],
        disguise=Disguise(profile=profile, key=key) if key is not None else None,
        language=language,
    )


def _authorised(platform: Platform, subject: Subject, study_uid: str) -> list[Instance]:
    return authorised_instances(platform, subject, Action.DOWNLOAD_DICOM, study_uid=study_uid, objects={"scope": study_uid})
