"""A second organisation on the same server."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text

from negatoscope.platform.database import TenantId
from negatoscope.platform.runtime import Platform


@pytest.fixture
def other_tenant(platform: Platform) -> Platform:
    tenant = TenantId(uuid4())
    with platform.database.owner_transaction() as tx:
        tx.execute(text("insert into tenants (tenant, name) values (:tenant, :name)"), {"tenant": tenant, "name": str(tenant)})
    return platform.for_tenant(tenant)
