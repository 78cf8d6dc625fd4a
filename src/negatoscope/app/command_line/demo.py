"""`negatoscope demo`: furnish the demonstration department, or load a folder of real radiographs into it."""

from __future__ import annotations

from pathlib import Path

import click

from negatoscope.app.command_line.opening import opened_platform
from negatoscope.app.command_line.progress import bar
from negatoscope.app.demonstration.department import furnish
from negatoscope.app.demonstration.real_images import load_folder
from negatoscope.platform.settings import load_settings


@click.command()
@click.option(
    "--from",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Load the DICOM, PNG and JPEG radiographs of this folder; labels.csv beside it gives age, sex and view.",
)
@click.option("--most", default=50, show_default=True, type=click.IntRange(1), help="Load at most so many pictures.")
def demo(folder: Path | None, most: int) -> None:
    """Furnish a demonstration department with invented people and synthetic studies, or with a folder of radiographs."""
    with opened_platform(load_settings(demonstration=True)) as platform:
        with bar("Demonstration") as advance:
            record = furnish(platform, advance)
        if folder is not None:
            with bar("Radiographs") as advance:
                report = load_folder(platform, folder, most=most, progress=advance)
            for name, reason in report.left_out:
                click.echo(f"LEFT OUT {name}: {reason}")
            click.echo(
                f"{report.examinations} examinations made of pictures, {report.stored} DICOM objects stored, "
                f"{report.already_there} already there, {len(report.left_out)} left out."
            )
    for account in record.accounts:
        click.echo(f"  {account.login:12} {account.password:24} {account.role}")
