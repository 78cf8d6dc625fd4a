"""Build the engines of a process from the settings, and make the database ready for this release."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from negatoscope.platform import jobs
from negatoscope.platform.blobs.opening import open_blob_store
from negatoscope.platform.clock import Clock, SystemClock
from negatoscope.platform.database import Database, TenantId
from negatoscope.platform.embedded import EmbeddedServer
from negatoscope.platform.errors import SettingsError
from negatoscope.platform.jobs import Jobs
from negatoscope.platform.keyring import Keyring
from negatoscope.platform.migrations import migrate
from negatoscope.platform.runtime import Platform
from negatoscope.platform.sandbox import Sandbox
from negatoscope.platform.settings import Settings

KEYRING_LOCK = 0x6B657973


@dataclass(frozen=True, slots=True)
class PreparedDatabase:
    """A database that runs, its address, and whether it ran before it was asked for."""

    url: str
    server: EmbeddedServer | None
    started_here: bool


def start_database(settings: Settings) -> PreparedDatabase:
    """Return the address of the database; the embedded server is started when the settings name none."""
    make_data_folder(settings)
    if settings.database_url is not None:
        return PreparedDatabase(settings.database_url, None, started_here=False)
    server = EmbeddedServer(settings.data / "database")
    ran = server.runs()
    return PreparedDatabase(server.start(), server, started_here=not ran)


def make_data_folder(settings: Settings) -> None:
    """Create the data folder for this user alone, or say why it cannot be used."""
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o711)
    except OSError as error:
        raise SettingsError(
            f"The data folder {settings.data} cannot be made: {error.strerror}.", reason="data_folder"
        ) from error


def prepare_database(database: Database, settings: Settings) -> TenantId:
    """Run the migrations, make the tables of the job engine and the tenant; return the tenant. Safe to repeat."""
    try:
        migrate(database, files("negatoscope.app") / "migrations")
        jobs.prepare(database.url)
    except DBAPIError as error:
        raise SettingsError(
            f"The database refused to be prepared ({type(error.orig).__name__}). The role in NEGATOSCOPE_DATABASE_URL must own its "
            "database and be allowed to create roles; PostgreSQL 15 or later is needed.",
            reason="database_refused",
        ) from error
    note_keyring(database, settings)
    with database.owner_transaction() as tx:
        tx.execute(
            text("insert into tenants (tenant, name) values (:tenant, :name) on conflict (name) do nothing"),
            {"tenant": uuid4(), "name": settings.tenant},
        )
    return find_tenant(database, settings.tenant)


def note_keyring(database: Database, settings: Settings) -> None:
    """Make the keyring at the very first start, and refuse to start without a key that this database was used with."""
    path = settings.data / "keyring.json"
    with database.owner_transaction() as tx:
        tx.execute(text("select pg_advisory_xact_lock(:key)"), {"key": KEYRING_LOCK})
        known = set(tx.scalars(text("select identifier from keyring_keys")))
        if known and not path.exists():
            raise SettingsError(
                f"The keyring {path} is missing, and what this database knows of was sealed with it. Restore it from its backup, "
                "or copy it from another machine of this installation; nothing was changed.",
                reason="keyring_missing",
            )
        identifiers = Keyring.open_or_create(path).identifiers
        if known - identifiers:
            raise SettingsError(
                f"The keyring {path} is of another installation: it lacks a key that this database was used with. "
                "Restore the right one from its backup.",
                reason="keyring_foreign",
            )
        for identifier in identifiers - known:
            tx.execute(text("insert into keyring_keys (identifier) values (:identifier)"), {"identifier": identifier})


def find_tenant(database: Database, name: str) -> TenantId:
    """Return the tenant of this name; SettingsError when the database has none."""
    with database.owner_transaction() as tx:
        tenant = tx.execute(text("select tenant from tenants where name = :name"), {"name": name}).scalar_one_or_none()
    if tenant is None:
        raise SettingsError(f"The database has no tenant named {name}; start 'negatoscope run' once.", reason="no_tenant")
    return TenantId(tenant)


def build_platform(
    settings: Settings, database: Database, tenant: TenantId, *, clock: Clock | None = None, sandbox_processes: int = 2
) -> Platform:
    """Return the engines of this process, bound to one tenant."""
    return Platform(
        settings=settings,
        database=database,
        blobs=open_blob_store(settings, tenant),
        clock=clock or SystemClock(),
        jobs=Jobs(database.url),
        sandbox=Sandbox(processes=sandbox_processes),
        tenant=tenant,
    )
