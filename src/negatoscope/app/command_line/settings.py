"""`negatoscope settings`: every setting, its present value and what it is for."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from negatoscope.platform.settings import Settings, load_settings


@click.command()
def settings() -> None:
    """List every setting with its present value."""
    present = load_settings()
    table = Table(box=None, pad_edge=False)
    for column in ("setting", "value", "what it is"):
        table.add_column(column, overflow="fold")
    for name, field in Settings.model_fields.items():
        value = getattr(present, name)
        shown = "set, not shown" if name in SECRET and value is not None else "" if value is None else str(value)
        table.add_row(f"NEGATOSCOPE_{name.upper()}", shown, field.description or "")
    Console().print(table)


SECRET = frozenset({"database_url", "objects_url"})
