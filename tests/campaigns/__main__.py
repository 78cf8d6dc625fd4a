"""`python -m tests.campaigns kills FOLDER`: run a campaign, or go on with one that was stopped."""

from __future__ import annotations

from pathlib import Path

import click

from tests.campaigns.kills import Campaign


@click.group()
def campaigns() -> None:
    """Long campaigns against the product."""


@campaigns.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--kills", default=2000, show_default=True, help="How many kills the campaign has in the end.")
@click.option("--seed", default=1, show_default=True)
def kills(folder: Path, kills: int, seed: int) -> None:
    """Kill the product under load, and look for what was acknowledged."""
    campaign = Campaign(folder, seed, lambda text: click.echo(text, nl=False))
    try:
        campaign.run(kills)
    finally:
        click.echo(campaign.tally.text(), nl=False)


if __name__ == "__main__":
    campaigns()
