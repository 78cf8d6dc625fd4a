"""`negatoscope verify`: nothing was lost, nothing was altered."""

from __future__ import annotations

import sys

import click

from negatoscope.app.command_line.opening import opened_platform
from negatoscope.app.command_line.progress import bar
from negatoscope.archive.verify import rehash
from negatoscope.audit.sealing import seal_pending
from negatoscope.audit.verification import chain_status, verify_chain


@click.command()
def verify() -> None:
    """Re-hash every stored object and check the audit chain. Exits with 1 and names what is wrong."""
    with opened_platform() as platform:
        seal_pending(platform.database, platform.clock)
        with platform.database.read(platform.tenant) as tx:
            faults = verify_chain(tx)
            status = chain_status(tx)
        for fault in faults:
            click.echo(f"AUDIT  {fault.kind}: entry {fault.entry_id or 'unknown'}, number {fault.sequence}: {fault.detail}")
        click.echo(f"Audit: {status.head.sequence} entries sealed, {len(faults)} faults. Head to note elsewhere:")
        click.echo(f"  {status.head.sequence}:{status.head.hash.hex()}")
        with bar("Objects") as advance:
            report = rehash(platform, advance)
        for damaged in report.damaged:
            click.echo(f"OBJECT {damaged}")
        click.echo(f"Objects: {report.checked} read and hashed, {len(report.damaged)} damaged or missing.")
    if faults or report.damaged:
        sys.exit(1)
