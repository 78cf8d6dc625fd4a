"""The rendering: PDF/A, the same bytes each time, and nothing in a text can do more than be printed."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from negatoscope.platform.errors import Refused
from negatoscope.reporting.model import VersionStatus
from negatoscope.reporting.rendering import render_pdf
from tests.builders.reports import A_BODY, a_printed_report


def text_of(pdf: bytes, folder: Path) -> str:
    """Return what pdftotext reads."""
    (folder / "report.pdf").write_bytes(pdf)
    done = subprocess.run(
        ["pdftotext", "-layout", "report.pdf", "-"], cwd=folder, check=True, capture_output=True, text=True, timeout=30
    )
    return done.stdout


def test_same_values_give_the_same_bytes() -> None:
    assert render_pdf(a_printed_report()) == render_pdf(a_printed_report())


def test_other_values_give_other_bytes() -> None:
    assert render_pdf(a_printed_report(number=2)) != render_pdf(a_printed_report())


def test_file_declares_pdf_a_2b() -> None:
    pdf = render_pdf(a_printed_report())
    assert pdf.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in pdf


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_part_is_printed(tmp_path: Path, language: str) -> None:
    text = text_of(render_pdf(a_printed_report(language=language, ai_lines=("Épanchement 0,91",))), tmp_path)
    for part in ("ESSAI-LUMIÈRE Zoé", "A2026000042", "Pneumopathie du lobe", "85", "mGy·cm²", "Valjean", "ab" * 32, "0,91"):
        assert part in text


@pytest.mark.parametrize(
    "hostile",
    [
        '#import "/etc/passwd"',
        "#panic()",
        '#read("/etc/hostname")',
        "= Heading *bold* _it_ $x^2$ @ref <label> // comment",
        "/* open comment",
        "\\ \\u{41} `raw`",
        '"; }) #sys.inputs',
        "]]])}",
    ],
)
def test_markup_in_the_text_is_printed_as_it_is(tmp_path: Path, hostile: str) -> None:
    body = replace(A_BODY, findings=hostile, conclusion=hostile, addendum=hostile)
    pdf = render_pdf(a_printed_report(body=body, patient_name=hostile, signer=hostile, procedure=hostile))
    squeezed = "".join(text_of(pdf, tmp_path).split())
    assert squeezed.count("".join(hostile.split())) >= 3


def test_preliminary_report_says_so(tmp_path: Path) -> None:
    assert "provisoire" in text_of(render_pdf(a_printed_report(status=VersionStatus.PRELIMINARY)), tmp_path)


def test_long_report_runs_over_pages_and_keeps_the_patient_on_each(tmp_path: Path) -> None:
    body = replace(A_BODY, findings="\n".join(f"Ligne {number}." for number in range(150)))
    pages = text_of(render_pdf(a_printed_report(body=body)), tmp_path).rstrip("\f").split("\f")
    assert len(pages) >= 3
    assert all("ESSAI-LUMIÈRE Zoé" in page for page in pages)


def test_character_without_a_font_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        render_pdf(a_printed_report(body=replace(A_BODY, findings="\U0010fffd")))
    assert refused.value.reason == "unprintable_character"
