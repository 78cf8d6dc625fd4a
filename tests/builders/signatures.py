"""Reports that were written and signed, as the tests need them."""

from __future__ import annotations

from sqlalchemy import text

from negatoscope.access.model import Subject
from negatoscope.archive.studies import list_instances
from negatoscope.platform.runtime import Platform
from negatoscope.reporting.drafts import open_draft, save_draft
from negatoscope.reporting.encapsulation import ENCAPSULATED_PDF
from negatoscope.reporting.model import Body, Report, ReportVersion
from negatoscope.reporting.reports import report_of_study
from negatoscope.reporting.signing import sign

PASSWORD = "correct horse battery staple"
BODY = Body(findings="Pas d'anomalie.", conclusion="Radiographie normale.")
UNKNOWN_TO_US = frozenset({"no_order", "identity_to_reconcile"})


def written(platform: Platform, author: Subject, study_uid: str, body: Body = BODY) -> Report:
    """Return a draft with a text in it."""
    report = open_draft(platform, author, study_uid)
    return save_draft(platform, author, report.report_id, report.version, body)


def signed(platform: Platform, author: Subject, report: Report, **options: object) -> ReportVersion:
    """Sign the report as it stands."""
    return sign(platform, author, report.report_id, report.version, PASSWORD, confirmed=UNKNOWN_TO_US, **options)  # type: ignore[arg-type]  # a test passes options through


def current(platform: Platform, study_uid: str) -> Report:
    """Return the report as it is now."""
    with platform.database.read(platform.tenant) as tx:
        report = report_of_study(tx, study_uid)
    assert report is not None
    return report


def events(platform: Platform, kind: str) -> list[dict[str, object]]:
    """Return the payloads of the events of a kind."""
    with platform.database.read(platform.tenant) as tx:
        rows = tx.execute(text("select payload from events where kind = :kind order by sequence"), {"kind": kind})
        return [row[0] for row in rows]


def documents(platform: Platform, study_uid: str) -> list[bytes]:
    """Return the stored encapsulated PDFs, oldest first."""
    with platform.database.read(platform.tenant) as tx:
        found = [one for one in list_instances(tx, study_uid) if one.sop_class_uid == ENCAPSULATED_PDF]
    contents = []
    for instance in sorted(found, key=lambda one: one.instance_number or 0):
        with platform.blobs.open(instance.blob) as reader:
            contents.append(b"".join(reader.chunks()))
    return contents
