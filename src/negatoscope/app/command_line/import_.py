"""`negatoscope import`: bring in a folder or a ZIP of DICOM files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from negatoscope.app.command_line.opening import opened_platform
from negatoscope.app.command_line.progress import bar
from negatoscope.app.command_line.user import operator
from negatoscope.archive.importing import import_path


@click.command("import")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def import_(path: Path) -> None:
    """Import the DICOM files of a disc, a folder or a ZIP. What cannot be taken is listed; the same again changes nothing.

    An import that was broken off goes on where it stopped.
    """
    with opened_platform() as platform:
        with bar("Import") as advance:
            report = import_path(platform, operator(platform), path, advance)
        for name, reason in report.refused:
            click.echo(f"REFUSED {name}: {reason}")
        if report.passed_over:
            click.echo(f"{report.passed_over} read before, when this import was broken off.")
        click.echo(
            f"{report.stored} stored, {report.duplicates} already there, {report.quarantined} in quarantine, "
            f"{len(report.refused)} refused, {report.skipped} not DICOM."
        )
    if report.refused:
        sys.exit(1)
