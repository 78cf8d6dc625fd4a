"""`negatoscope conformance`: what the doors do, in the words of the standard, made from the code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import click

from negatoscope.doors.dicomweb.conformance import dicomweb_statement
from negatoscope.doors.dimse.conformance import dicom_statement

STATEMENTS: Final[Mapping[str, Callable[[], str]]] = {"dicom": dicom_statement, "dicomweb": dicomweb_statement}


@click.command()
@click.argument("part", type=click.Choice(list(STATEMENTS)), default="dicom")
def conformance(part: str) -> None:
    """Print a conformance statement in Markdown."""
    click.echo(STATEMENTS[part](), nl=False)
