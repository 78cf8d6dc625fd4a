"""What every use case is given: the database, the objects, the jobs, the clock, the settings, and for whom it works."""

from __future__ import annotations

from dataclasses import dataclass, replace

from negatoscope.platform.blobs.opening import open_blob_store
from negatoscope.platform.blobs.port import BlobStore
from negatoscope.platform.clock import Clock
from negatoscope.platform.database import Database, TenantId
from negatoscope.platform.jobs import Jobs
from negatoscope.platform.sandbox import Sandbox
from negatoscope.platform.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """The engines of one process, bound to one tenant."""

    settings: Settings
    database: Database
    blobs: BlobStore
    clock: Clock
    jobs: Jobs
    sandbox: Sandbox
    tenant: TenantId

    def for_tenant(self, tenant: TenantId) -> Platform:
        """Return the same engines working for another tenant."""
        if tenant == self.tenant:
            return self
        return replace(self, tenant=tenant, blobs=open_blob_store(self.settings, tenant))

    def close(self) -> None:
        """Let go of connections and worker processes."""
        self.sandbox.close()
        self.jobs.close()
        self.database.close()
