"""`negatoscope run`: start this installation, say where its doors are, keep it running."""

from __future__ import annotations

import fcntl
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import click

from negatoscope.app.build import PreparedDatabase, build_platform, make_data_folder, prepare_database, start_database
from negatoscope.app.command_line import banner
from negatoscope.app.command_line.progress import bar
from negatoscope.app.demonstration.department import furnish
from negatoscope.app.supervisor import ROLES, Supervisor, check_ports
from negatoscope.orders.workitems.subscriptions import announce_restart
from negatoscope.platform.clock import SystemClock
from negatoscope.platform.database import Database
from negatoscope.platform.errors import SettingsError
from negatoscope.platform.logs import configure_logs
from negatoscope.platform.settings import Settings, load_settings

LEAST_FREE_BYTES = 512 << 20


@click.command()
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(ROLES), help="Run this role alone (may be repeated); all by default."
)
@click.option("--demo", is_flag=True, help="Furnish a demonstration department with synthetic studies at the first start.")
def run(roles: tuple[str, ...], *, demo: bool) -> None:
    """Start the product and keep it running until Ctrl-C."""
    began = time.monotonic()
    settings = load_settings(**({"demonstration": True} if demo else {}))
    chosen = roles or ROLES
    refuse_public_addresses(settings)
    configure_logs(settings.log_level, process="supervisor")
    check_ports(settings, chosen)
    make_data_folder(settings)
    with only_run_of(settings, chosen):
        check_free_space(settings)
        _run(settings, chosen, demo=demo, began=began)


def _run(settings: Settings, chosen: tuple[str, ...], *, demo: bool, began: float) -> None:
    click.echo("Négatoscope starts: database…", nl=False)
    prepared = start_database(settings)
    try:
        _prepare(prepared, settings, demo=demo)
        supervisor = Supervisor(settings, chosen, environment_of(settings, prepared))
        for received in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(received, lambda *_: supervisor.request_stop())
        click.echo(" processes…", nl=False)
        supervisor.start()
        try:
            click.echo(f" ready in {time.monotonic() - began:.1f} s.\n")
            banner.show(settings, chosen)
            supervisor.watch()
            click.echo("\nStopping…", nl=False)
        finally:
            supervisor.stop()
    finally:
        if prepared.server is not None:
            prepared.server.stop()
    click.echo(" stopped. Everything is kept.")


def _prepare(prepared: PreparedDatabase, settings: Settings, *, demo: bool) -> None:
    database = Database(prepared.url)
    try:
        tenant = prepare_database(database, settings)
        announce_restart(database, tenant, at=SystemClock().now())
        if demo:
            click.echo(" demonstration…", nl=False)
            platform = build_platform(settings, database, tenant)
            try:
                with bar("Demonstration") as advance:
                    furnish(platform, advance)
            finally:
                platform.sandbox.close()
                platform.jobs.close()
    finally:
        database.close()


@contextmanager
def only_run_of(settings: Settings, roles: tuple[str, ...]) -> Iterator[None]:
    """Hold these roles of the data folder, and its embedded database; SettingsError when another run has one of them."""
    with ExitStack() as held:
        for name in (*roles, *(("database",) if settings.database_url is None else ())):
            file = held.enter_context((settings.data / f"{name}.lock").open("a"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise SettingsError(
                    f"The product already runs on {settings.data}. Stop it first, or choose another folder with NEGATOSCOPE_DATA.",
                    reason="already_running",
                ) from error
        yield


def environment_of(settings: Settings, prepared: PreparedDatabase) -> dict[str, str]:
    """Return what the processes must know besides the environment they inherit."""
    return {
        "NEGATOSCOPE_DATA": str(settings.data.resolve()),
        "NEGATOSCOPE_DATABASE_URL": prepared.url,
        "NEGATOSCOPE_DEMONSTRATION": "true" if settings.demonstration else "false",
        "PYTHONUNBUFFERED": "1",
    }


def check_free_space(settings: Settings) -> None:
    """Raise SettingsError when the disk of the data folder is nearly full."""
    free = shutil.disk_usage(settings.data).free
    if free < LEAST_FREE_BYTES:
        raise SettingsError(
            f"The disk of {settings.data} has {free >> 20} MB left; at least {LEAST_FREE_BYTES >> 20} MB are needed. "
            "Free some, or choose another folder with NEGATOSCOPE_DATA.",
            reason="disk_full",
        )


def refuse_public_addresses(settings: Settings) -> None:
    """Raise SettingsError for a door in the clear on an address that others can reach."""
    open_ones = {
        "http_host": "set NEGATOSCOPE_HTTP_CERTIFICATE and NEGATOSCOPE_HTTP_KEY" if settings.http_certificate is None else None,
        "dicom_host": "let the TLS port listen there instead, by NEGATOSCOPE_DICOM_TLS_HOST",
        "hl7_host": "put a TLS proxy in front of it",
    }
    for name, advice in open_ones.items():
        host = getattr(settings, name)
        if advice is not None and host not in {"127.0.0.1", "::1", "localhost"}:
            raise SettingsError(
                f"NEGATOSCOPE_{name.upper()}={host} would open an unencrypted door to the network: {advice}.",
                reason="public_address",
            )
