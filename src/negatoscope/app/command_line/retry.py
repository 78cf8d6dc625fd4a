"""`negatoscope retry`: give parked facts another chance, once what stood in their way is mended."""

from __future__ import annotations

import sys

import click

from negatoscope.app.command_line.opening import opened_platform
from negatoscope.app.wiring import REACTIONS
from negatoscope.platform.reactions import retry_parked


@click.command()
def retry() -> None:
    """Hand the facts that were parked to their reactions again. 'doctor' names them."""
    with opened_platform() as platform:
        digested, left = retry_parked(platform, REACTIONS)
    click.echo(f"{digested} facts digested, {left} still parked.")
    if left:
        sys.exit(1)
