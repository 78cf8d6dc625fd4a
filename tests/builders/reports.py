"""Invented reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from negatoscope.reporting.model import Body, VersionStatus
from negatoscope.reporting.printing import PrintedReport

A_BODY = Body(
    template="chest_pa",
    indication="Toux fébrile depuis 3 jours. Pneumopathie ?",
    technique="Radiographie du thorax de face, debout, en inspiration.",
    comparison="Radiographie du 12/01/2024.",
    findings="Opacité alvéolaire du lobe inférieur droit, non connue.\nPas d'épanchement ; pas de pneumothorax.",
    conclusion="Pneumopathie du lobe inférieur droit.",
)


def a_printed_report(**changes: object) -> PrintedReport:
    """Return what would be printed of a chest report, with some of it changed."""
    report = PrintedReport(
        language="fr",
        status=VersionStatus.FINAL,
        number=1,
        institution="Centre d’imagerie de démonstration",
        patient_name="ESSAI-LUMIÈRE Zoé",
        birth_date=date(1979, 3, 1),
        sex="F",
        identifiers=("PH-0042 (NEGATOSCOPE)",),
        procedure="Thorax de face",
        study_at=datetime(2026, 3, 2, 10, 5, tzinfo=UTC),
        accession_number="A2026000042",
        requested_by="Dr Cosette Fauchelevent",
        body=A_BODY,
        earlier_addenda=(),
        dose_lines=("Thorax PA : 85 mGy·cm², 125 kV, 1,8 mAs",),
        equipment="Fabricant, modèle, station DX1",
        ai_lines=(),
        signer="Dr Jean Valjean",
        signer_identifier="810000000001",
        signed_at=datetime(2026, 3, 2, 11, 32, 7, tzinfo=UTC),
        content_sha256="ab" * 32,
    )
    return replace(report, **changes)  # type: ignore[arg-type]  # a test names fields freely
