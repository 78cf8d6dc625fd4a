"""What `negatoscope run` prints once the doors are open."""

from __future__ import annotations

import click

from negatoscope.app.demonstration.record import read_record
from negatoscope.app.supervisor import log_file
from negatoscope.platform.settings import Settings


def show(settings: Settings, roles: tuple[str, ...]) -> None:
    """Print the addresses, the accounts of the demonstration and what to try first."""
    scheme = "http" if settings.http_certificate is None else "https"
    root = settings.public_url or f"{scheme}://localhost:{settings.http_port}"
    if "web" in roles:
        click.echo(f"  Screens    {root}")
        click.echo(f"  DICOMweb   {root}/dicom-web")
    if "dimse" in roles:
        click.echo(f"  DICOM      {settings.dicom_host}:{settings.dicom_port}, AE title {settings.ae_title}")
    if "dimse" in roles and settings.dicom_tls_certificate is not None:
        click.echo(f"  DICOM TLS  {settings.dicom_tls_host}:{settings.dicom_tls_port}")
    if "hl7" in roles:
        click.echo(f"  HL7 (MLLP) {settings.hl7_host}:{settings.hl7_port}")
    click.echo(f"  Data       {settings.data}")
    click.echo(f"  Log        {log_file(settings)}\n")
    record = read_record(settings)
    if settings.demonstration and record is not None:
        click.echo("Accounts of the demonstration (passwords made for this installation):")
        for account in record.accounts:
            click.echo(f"  {account.login:12} {account.password:24} {account.role:17} {account.what_to_try}")
        click.echo(f"\nTry first: open {root}, sign in as 'radiologue', press Enter on the first study, write, sign.")
        click.echo("Everything shown is synthetic. Not a certified medical device: for research and evaluation only.\n")
    click.echo("Ctrl-C stops it; nothing is lost.")
