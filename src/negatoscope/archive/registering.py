"""Write the rows of one received object in one transaction: study, series, instance, event, audit; or where it is held."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from negatoscope.access.model import Subject
from negatoscope.archive import store
from negatoscope.archive.model import Instance, Outcome, Source, SourceKind, StoredInstance
from negatoscope.archive.prefetch.marks import expected_patient
from negatoscope.archive.recompression.store import find_original_hash
from negatoscope.archive.rejections import notes
from negatoscope.archive.rejections.model import Resent
from negatoscope.archive.retention.store import is_erased
from negatoscope.archive.rows import Layout, instance_of, series_values, side_of, study_of
from negatoscope.archive.sent_identity import demographics_of, identifiers_of
from negatoscope.archive.store import StudyIdentity
from negatoscope.archive.study_store import get_study
from negatoscope.audit.trail import record
from negatoscope.formats.dicom.attributes import InstanceAttributes
from negatoscope.formats.dicom.verdict import Verdict
from negatoscope.patients.identify import find_or_create_patient
from negatoscope.patients.names import name_key
from negatoscope.platform.blobs.port import BlobRef
from negatoscope.platform.database import TenantId, send_commit
from negatoscope.platform.errors import Unavailable
from negatoscope.platform.events import publish
from negatoscope.platform.failpoints import reach
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

PATIENT_MISMATCH = "patient_mismatch"
ERASED = "erased"
RETRY_AFTER_S = (0.1, 0.5, 2.0)
Registered = tuple[StoredInstance, bool]
"""The answer, and whether the stored bytes are kept elsewhere already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One object whose bytes are durable and whose rows are to be written."""

    platform: Platform
    subject: Subject
    source: Source
    verdict: Verdict
    layout: Layout
    blob: BlobRef

    @property
    def at(self) -> datetime:
        """Return the time of reception."""
        return self.platform.clock.now()


def register_durably(registration: Registration) -> Registered:
    """Write the rows in a transaction of their own; a database that went away for a moment is asked again.

    Asking again is safe when only the answer to the commit was lost: the rows then name this very object already.
    """
    reach("before_rows")
    for wait_s in RETRY_AFTER_S:
        try:
            return _register_once(registration)
        except (Unavailable, DBAPIError) as error:
            if not _is_passing(error):
                raise
            get_logger().warning("registration_repeated", reason=type(error).__name__)
            time.sleep(wait_s * random.uniform(0.5, 1.5))  # noqa: S311 - spreads senders out, protects nothing
    return _register_once(registration)


def _register_once(registration: Registration) -> Registered:
    with registration.platform.database.transaction(TenantId(registration.subject.tenant)) as tx:
        registered = register(tx, registration)
        reach("after_rows")
        reach("after_commit_sent", first=partial(send_commit, tx))
    reach("after_commit")
    return registered


def _is_passing(error: Exception) -> bool:
    if isinstance(error, Unavailable):
        return error.reason == "database_down"
    return getattr(getattr(error, "orig", None), "sqlstate", None) in {"40001", "40P01"}


def register(tx: Connection, registration: Registration) -> Registered:
    """Write the rows; idempotent, and of any number at once exactly one becomes the instance."""
    verdict = registration.verdict
    attributes = verdict.attributes
    if not verdict.accepted or attributes is None or verdict.transfer_syntax_uid is None:
        return _quarantine(tx, registration, str(verdict.refusal))
    known, laterality = store.share_study(tx, attributes.study_instance_uid, attributes.series_instance_uid)
    # What is made for this object alone goes again if it turns out to be stored already, in this study or another.
    made = tx.begin_nested() if known is None or laterality is None else None
    known = known or _create_study(tx, registration, attributes)
    if _names_another_patient(attributes, known) and not _names_patient_on_record(tx, registration, attributes):
        if made is not None:
            made.rollback()
        return _quarantine(tx, registration, PATIENT_MISMATCH)
    if laterality is None:
        store.insert_series(tx, series_values(attributes, registration.at), attributes.modality)
    instance = _instance(registration, attributes, verdict.transfer_syntax_uid)
    if not store.insert_instance(tx, instance):
        if made is not None:
            made.rollback()
        return _known_already(tx, registration, instance)
    if made is not None:
        made.commit()
    if laterality and laterality != side_of(attributes):
        store.clear_laterality(tx, instance.study_uid, instance.series_uid)
    title = notes.title_of(instance.sop_class_uid, attributes.concept_name)
    if title is not None:
        notes.apply_note(tx, registration.platform.blobs, registration.subject, instance, title)
    _audit_storage(tx, registration, instance, known.patient_id)
    return _answer(Outcome.STORED, instance), False


def _instance(registration: Registration, attributes: InstanceAttributes, transfer_syntax_uid: str) -> Instance:
    verdict = registration.verdict
    return instance_of(
        attributes,
        transfer_syntax_uid=transfer_syntax_uid,
        layout=registration.layout,
        warnings=(*verdict.warnings, *sorted(flag.value for flag in verdict.flags)),
        source=str(registration.source),
        at=registration.at,
        blob=registration.blob,
    )


def _known_already(tx: Connection, registration: Registration, instance: Instance) -> Registered:
    if is_erased(tx, instance.sop_instance_uid):
        return _refuse_erased(tx, registration, instance)
    sha256, key = store.get_current_object(tx, instance.sop_instance_uid)
    if key == instance.blob.key:
        return _answer(Outcome.STORED, instance), False  # committed before, when only the answer was lost
    resent = notes.find_resent(tx, instance.sop_instance_uid)
    if resent is Resent.REFUSE:
        notes.refuse_resent(tx, registration.subject, instance)
        return refused(registration.verdict, notes.RESENT_REJECTED), True
    if resent is Resent.RESTORE:
        notes.restore_resent(tx, registration.subject, instance)
    if instance.blob.sha256 in (sha256, find_original_hash(tx, instance.sop_instance_uid)):
        return _answer(Outcome.DUPLICATE, instance), True
    return _conflict(tx, registration, instance)


def _refuse_erased(tx: Connection, registration: Registration, instance: Instance) -> Registered:
    record(
        tx,
        registration.subject.actor,
        "erased_object_resent",
        outcome="refused",
        study_uid=instance.study_uid,
        objects={"sop_instance_uid": instance.sop_instance_uid, "source": instance.source},
    )
    return refused(registration.verdict, ERASED), True


def _names_another_patient(attributes: InstanceAttributes, known: StudyIdentity) -> bool:
    """Tell whether the object's patient is not the one whom the first object of the study named."""
    issuer = attributes.issuer_of_patient_id
    is_other_issuer = bool(issuer and known.sent_issuer) and issuer != known.sent_issuer
    return attributes.patient_id != known.sent_patient_id or is_other_issuer


def _names_patient_on_record(tx: Connection, registration: Registration, attributes: InstanceAttributes) -> bool:
    """Tell whether what the product made itself names the patient whose study it is now; others name whom they sent before."""
    if registration.source.kind is not SourceKind.PRODUCT:
        return False
    study = get_study(tx, attributes.study_instance_uid)
    is_issuer = attributes.issuer_of_patient_id in {"", study.patient_issuer}
    return attributes.patient_id == study.patient_identifier and is_issuer


def _create_study(tx: Connection, registration: Registration, attributes: InstanceAttributes) -> StudyIdentity:
    """Create the study and its patient, unless another association has done so meanwhile."""
    store.lock_creation(tx, attributes.study_instance_uid)
    known = store.find_study_identity(tx, attributes.study_instance_uid)
    if known is not None:
        return known
    issuer = registration.platform.settings.issuer
    patient_id = expected_patient(tx, attributes) or find_or_create_patient(
        tx,
        registration.subject,
        identifiers_of(attributes, issuer),
        demographics_of(attributes),
        source="dicom",
        own_issuer=issuer,
        issuer_assumed=not (attributes.issuer_of_patient_id or attributes.issuer_of_patient_id_universal),
    )
    study = study_of(attributes, patient_id, default_issuer=issuer, at=registration.at)
    sent = (attributes.patient_id, attributes.issuer_of_patient_id)
    keys = (name_key(study.patient_name), name_key(study.referring_physician))
    store.insert_study(tx, study, sent=sent, keys=keys)
    publish(tx, "study_arrived", subject=study.study_uid, payload={"study_uid": study.study_uid})
    return StudyIdentity(patient_id, *sent)


def _audit_storage(tx: Connection, registration: Registration, instance: Instance, patient_id: UUID) -> None:
    """Write one entry for each study of an association or request, with its first image."""
    if instance.study_uid in registration.source.audited_studies:
        return
    record(
        tx,
        registration.subject.actor,
        "images_stored",
        patient_id=patient_id,
        study_uid=instance.study_uid,
        objects={"source": str(registration.source), "first_sop_instance_uid": instance.sop_instance_uid},
    )


def _conflict(tx: Connection, registration: Registration, instance: Instance) -> Registered:
    is_new = store.insert_conflict(tx, instance)
    if is_new:
        record(
            tx,
            registration.subject.actor,
            "instance_conflict",
            study_uid=instance.study_uid,
            objects={"sop_instance_uid": instance.sop_instance_uid, "sha256": instance.blob.sha256},
        )
        publish(
            tx,
            "instance_conflict",
            subject=instance.sop_instance_uid,
            payload={"study_uid": instance.study_uid, "sop_instance_uid": instance.sop_instance_uid},
        )
    is_kept_elsewhere = not is_new and store.find_conflicting_key(tx, instance) != instance.blob.key
    return _answer(Outcome.CONFLICT, instance), is_kept_elsewhere


def _quarantine(tx: Connection, registration: Registration, reason: str) -> Registered:
    attributes = registration.verdict.attributes
    uids = {
        "study_uid": attributes.study_instance_uid if attributes else None,
        "series_uid": attributes.series_instance_uid if attributes else None,
        "sop_instance_uid": attributes.sop_instance_uid if attributes else None,
        "sop_class_uid": attributes.sop_class_uid if attributes else None,
        "transfer_syntax_uid": registration.verdict.transfer_syntax_uid,
    }
    blob = registration.blob
    quarantine_id = store.insert_quarantine(
        tx, blob, reason=reason, source=str(registration.source), received_at=registration.at, uids=uids
    )
    if quarantine_id is not None:
        record(
            tx,
            registration.subject.actor,
            "instance_quarantined",
            outcome="failure",
            study_uid=uids["study_uid"],
            objects={"quarantine_id": str(quarantine_id), "sha256": blob.sha256, "source": str(registration.source)},
            reason=reason,
        )
        publish(tx, "instance_quarantined", subject=str(quarantine_id), payload={"reason": reason})
    is_kept_elsewhere = quarantine_id is None and store.find_quarantined_key(tx, blob.sha256, reason) != blob.key
    return refused(registration.verdict, reason, Outcome.QUARANTINED), is_kept_elsewhere


def refused(verdict: Verdict, reason: str, outcome: Outcome = Outcome.REFUSED) -> StoredInstance:
    """Return the answer to an object that did not enter."""
    attributes = verdict.attributes
    return StoredInstance(
        outcome=outcome,
        study_uid=attributes.study_instance_uid if attributes else None,
        series_uid=attributes.series_instance_uid if attributes else None,
        sop_instance_uid=attributes.sop_instance_uid if attributes else None,
        sop_class_uid=attributes.sop_class_uid if attributes else None,
        warnings=verdict.warnings,
        refusal=reason,
    )


def _answer(outcome: Outcome, instance: Instance) -> StoredInstance:
    return StoredInstance(
        outcome=outcome,
        study_uid=instance.study_uid,
        series_uid=instance.series_uid,
        sop_instance_uid=instance.sop_instance_uid,
        sop_class_uid=instance.sop_class_uid,
        warnings=instance.warnings,
    )
