"""`negatoscope doctor`: say in words what is wrong with this installation."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import click

from negatoscope.app.build import make_data_folder
from negatoscope.app.command_line.opening import opened_platform
from negatoscope.app.command_line.run import LEAST_FREE_BYTES
from negatoscope.app.supervisor import answers, doors_of, log_file
from negatoscope.archive.scrub_store import find_scrub, list_alarms, list_damaged
from negatoscope.audit.verification import chain_status
from negatoscope.platform.certificates import read_certificates
from negatoscope.platform.errors import SettingsError
from negatoscope.platform.runtime import Platform
from negatoscope.platform.settings import Settings, load_settings
from negatoscope.platform.vitals import read_vitals

ROLES = ("web", "dimse", "hl7", "worker")
WARN_FROM = (timedelta(days=30), timedelta(days=14), timedelta(days=7), timedelta(days=1))
LONGEST_ROUND = timedelta(days=7)
Check = Callable[[Platform], Iterator[str]]


@click.command()
def doctor() -> None:
    """Look over this installation. Exits with 1 when something is wrong, and says what to do."""
    settings = load_settings()
    make_data_folder(settings)
    runs = any(answers(address) for address in doors_of(settings, ROLES).values())
    faults = list(_files(settings))
    try:
        with opened_platform(settings) as platform:
            for check in (_disk, _objects, _queues, _audit, *((_running,) if runs else ())):
                faults += check(platform)
    except SettingsError as error:
        faults.append(str(error))
    click.echo(
        f"The product {'runs' if runs else 'does not run'} on {settings.http_host}:{settings.http_port}; data in {settings.data}."
    )
    for fault in faults:
        click.echo(f"WRONG  {fault}")
    click.echo("Nothing is wrong." if not faults else f"{len(faults)} things are wrong. The log is {log_file(settings)}.")
    if faults:
        sys.exit(1)


def _files(settings: Settings) -> Iterator[str]:
    if not (files("negatoscope.doors.web") / "static" / "build" / ".vite" / "manifest.json").is_file():
        yield "The front end is not built: run 'make run' in the checkout, or install the package with its assets."
    keyring = settings.data / "keyring.json"
    if keyring.exists() and keyring.stat().st_mode & 0o077:
        yield f"{keyring} can be read by others: chmod 600 it. Whoever has it can read every object."
    if settings.models is not None and not settings.models.is_dir():
        yield f"NEGATOSCOPE_MODELS names {settings.models}, which is not a folder."
    yield from certificate_faults(settings, now=datetime.now(UTC))


def certificate_faults(settings: Settings, *, now: datetime) -> Iterator[str]:
    """Say which certificate of the settings cannot be read or is about to end, louder the nearer its end is."""
    for name in ("http_certificate", "dicom_tls_certificate", "dicom_tls_authorities"):
        file = getattr(settings, name)
        try:
            found = read_certificates(file) if file is not None else []
        except SettingsError as error:
            yield f"NEGATOSCOPE_{name.upper()}: {error}"
            continue
        for certificate in found:
            left = certificate.not_after - now
            if left <= timedelta(0):
                yield f"The certificate {certificate.subject} in {file} has expired on {certificate.not_after:%Y-%m-%d}."
            elif left <= WARN_FROM[0]:
                within = min(limit for limit in WARN_FROM if left <= limit)
                days = "a day" if within.days == 1 else f"{within.days} days"
                yield f"The certificate {certificate.subject} in {file} ends within {days}, on {certificate.not_after:%Y-%m-%d}."


def _disk(platform: Platform) -> Iterator[str]:
    vitals = read_vitals(platform)
    if vitals.disk_free_bytes < LEAST_FREE_BYTES * 4:
        yield f"The disk of the data folder has {vitals.disk_free_bytes >> 20} MB left: free some before stores are refused."


def _objects(platform: Platform) -> Iterator[str]:
    now = platform.clock.now()
    with platform.database.read(platform.tenant) as tx:
        damaged, alarms, scrub = list_damaged(tx), list_alarms(tx, now - timedelta(days=1)), find_scrub(tx)
    for alarm in alarms:
        yield f"The disk of {alarm.place} failed to make an object durable on {alarm.seen_at:%Y-%m-%d %H:%M}: look at the disk, then start the product anew. Nothing that was acknowledged is concerned."
    for one in damaged[:5]:
        yield f"The {one.kind} object {one.name} is damaged ({one.fault}), seen {one.seen_at:%Y-%m-%d %H:%M}: bring it back from a backup, or have it sent again."
    if len(damaged) > 5:
        yield f"{len(damaged) - 5} or more other objects are damaged: 'negatoscope verify' names them all."
    if scrub is not None and platform.settings.scrub_mb_per_s and now - scrub.round_began_at > LONGEST_ROUND:
        yield f"Reading all objects again has taken {(now - scrub.round_began_at).days} days so far: raise NEGATOSCOPE_SCRUB_MB_PER_S."


def _queues(platform: Platform) -> Iterator[str]:
    vitals = read_vitals(platform)
    for fault in vitals.event_faults[:5]:
        yield f"A fact of kind {fault.kind} was parked since {fault.at:%Y-%m-%d %H:%M} because {fault.reaction} could not digest it: 'negatoscope retry' once that is mended."
    for job in vitals.jobs_failed[:5]:
        yield f"A job failed for good: {job.partition('/')[2]}."


def _audit(platform: Platform) -> Iterator[str]:
    with platform.database.read(platform.tenant) as tx:
        status = chain_status(tx)
    late = status.sealed_at is not None and platform.clock.now() - status.sealed_at > timedelta(hours=1)
    if status.pending > 1000 or (status.pending and late):
        yield f"{status.pending} audit entries wait for their seal: does the worker run?"


def _running(platform: Platform) -> Iterator[str]:
    for role, (host, port) in doors_of(platform.settings, ROLES).items():
        if not answers((host, port)):
            yield f"The {role} door does not answer on {host}:{port}."
    vitals = read_vitals(platform)
    if not any(executor.alive for executor in vitals.executors):
        yield "No worker is alive: images arrive but are neither matched nor read by the machine."
    for reaction in vitals.reactions:
        if reaction.waiting >= 1000:
            yield f"The reaction {reaction.name} is far behind: {reaction.waiting} facts or more wait for it."
