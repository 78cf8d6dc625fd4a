"""`negatoscope backup`, `restore` and `drill`: copies that can be proved."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import click

from negatoscope.app.backup.drill import rehearse
from negatoscope.app.backup.manifest import Manifest
from negatoscope.app.backup.restoring import restore as restore_backup
from negatoscope.app.backup.taking import take_backup
from negatoscope.app.command_line.opening import opened_platform
from negatoscope.app.command_line.progress import bar
from negatoscope.platform.errors import SettingsError
from negatoscope.platform.settings import load_settings

FOLDER = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
KEYRING = click.option(
    "--keyring",
    "keyring",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Copy of keyring.json that was kept elsewhere; that of this data folder by default.",
)


@click.command()
@FOLDER
@click.option(
    "--keyring-to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Copy the keyring to this new file as well; keep it apart from the backup.",
)
def backup(folder: Path, keyring_to: Path | None) -> None:
    """Copy this installation into FOLDER while it runs; the next time only what is new is copied.

    The backup is sealed: without the keyring nobody reads it, you neither. Keep a copy of the keyring elsewhere.
    """
    if keyring_to is not None and keyring_to.exists():
        raise SettingsError(f"{keyring_to} exists: it is not written over.", reason="keyring_exists")
    began = time.monotonic()
    with opened_platform() as platform:
        with bar("Objects") as advance:
            manifest = take_backup(platform, folder, advance)
        keyring = platform.settings.data / "keyring.json"
    if keyring_to is not None:
        keyring_to.touch(mode=0o600)
        shutil.copyfile(keyring, keyring_to)
    click.echo(f"Backup of {_content(manifest)} in {time.monotonic() - began:.1f} s.")
    click.echo(
        f"It opens with the keyring {keyring_to or keyring} alone (keys {', '.join(manifest.keys)}): keep a copy elsewhere."
    )
    _end(manifest.faults, "objects are damaged or missing in the installation itself")


@click.command()
@FOLDER
@KEYRING
def restore(folder: Path, keyring: Path | None) -> None:
    """Restore the latest backup of FOLDER into an empty data folder and an empty database."""
    settings = load_settings()
    began = time.monotonic()
    with bar("Objects") as advance:
        manifest, faults = restore_backup(settings, folder, keyring or settings.data / "keyring.json", advance)
    click.echo(f"Restored {_content(manifest)} in {time.monotonic() - began:.1f} s; each object was read again.")
    _end(faults, "things are missing or damaged")


@click.command()
@FOLDER
@KEYRING
def drill(folder: Path, keyring: Path | None) -> None:
    """Rehearse a restore of the latest backup of FOLDER beside this installation, and prove it complete.

    The database is loaded into a folder that goes again; every object is read and hashed where it lies.
    """
    settings = load_settings()
    with bar("Objects") as advance:
        result = rehearse(settings, folder, keyring or settings.data / "keyring.json", advance, opened_platform)
    click.echo(f"Rehearsed {_content(result.manifest)}.")
    click.echo(f"Database loaded in {result.database_s:.1f} s.")
    click.echo(
        f"{result.objects} objects read and hashed in {result.objects_s:.1f} s ({result.object_bytes / 1e6:.0f} MB); "
        f"{result.pictures} images decoded; {result.sealed} audit entries in an unbroken chain."
    )
    _end(result.faults, "gaps")


def _content(manifest: Manifest) -> str:
    rows = sum(manifest.rows.values())
    return (
        f"{manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC: {rows} rows, {manifest.object_count} objects, "
        f"{manifest.object_bytes / 1e6:.0f} MB"
    )


def _end(faults: list[str] | tuple[str, ...], words: str) -> None:
    for fault in faults:
        click.echo(f"WRONG  {fault}")
    click.echo(f"{len(faults)} {words}." if faults else "Nothing is missing, nothing is damaged.")
    if faults:
        sys.exit(1)
