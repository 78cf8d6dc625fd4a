"""`negatoscope export`: write studies to a folder or a ZIP as they go on a disc."""

from __future__ import annotations

from pathlib import Path

import click

from negatoscope.app.command_line.opening import opened_platform
from negatoscope.app.command_line.progress import bar
from negatoscope.app.command_line.user import operator
from negatoscope.archive.discs.content import DiscContent
from negatoscope.archive.discs.direct import disc_of
from negatoscope.archive.discs.media import write_folder, write_zip
from negatoscope.formats.dicom.deidentification.profile import Option


@click.command("export")
@click.argument("study_uids", metavar="STUDY_UID...", nargs=-1, required=True)
@click.option(
    "--to", type=click.Path(path_type=Path), required=True, help="A folder, new or empty, or a file that ends in .zip."
)
@click.option("--project", help="Take the identity out, under the key of this project; it is made when it is new.")
@click.option(
    "--option",
    "options",
    multiple=True,
    type=click.Choice([option.value for option in Option]),
    help="An option of the de-identification; may be repeated.",
)
@click.option("--language", type=click.Choice(["fr", "en"]), default="fr", show_default=True, help="Language of the page.")
def export(study_uids: tuple[str, ...], to: Path, project: str | None, options: tuple[str, ...], language: str) -> None:
    """Write studies with their DICOMDIR and a page that opens without a server."""
    if options and project is None:
        raise click.UsageError("--option needs --project: it changes how the identity is taken out.")
    with opened_platform() as platform:
        content: DiscContent = disc_of(
            platform,
            operator(platform),
            study_uids,
            project=project,
            options=frozenset(Option(option) for option in options),
            language=language,
        )
        total = len(content.objects)
        with bar("Export") as advance:
            write = write_zip if to.suffix.lower() == ".zip" else write_folder
            write(content.files(), to, lambda written: advance(written, total))
        for name, word in content.remarks:
            click.echo(f"LOOK AT {name}: {word}")
        click.echo(f"{total} objects, {len(content.remarks)} remarks: {to}")
