"""Render a printed report as PDF/A-2b. The same values give the same bytes."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Final

import orjson
import typst

from negatoscope.platform.errors import Refused
from negatoscope.reporting.printing import PrintedReport

STANDARD: Final = "a-2b"


def render_pdf(report: PrintedReport) -> bytes:
    """Return the PDF; Refused (`unprintable_character`) when no font of this machine has a character of the text.

    The fonts inside the typesetter come first, so that the result does not depend on the machine; only a text that they
    cannot show is tried with the fonts of the system. What is used is embedded in either case.
    """
    inputs = {"report": orjson.dumps(report.values()).decode()}
    with as_file(files("negatoscope.reporting") / "typst" / "report.typ") as template:
        for ignore_system_fonts in (True, False):
            try:
                content = typst.compile(
                    str(template),
                    format="pdf",
                    ignore_system_fonts=ignore_system_fonts,
                    sys_inputs=inputs,
                    pdf_standards=[STANDARD],
                )
            except typst.TypstError as error:
                if "could not be displayed" not in str(error):
                    # Our template is wrong. The message quotes the text, so it goes nowhere.
                    raise RuntimeError("the report template does not compile") from None
                continue
            return bytes(content)
    raise Refused("The report holds a character that no font here can print.", reason="unprintable_character")
