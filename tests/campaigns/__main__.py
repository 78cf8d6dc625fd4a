"""`python -m tests.campaigns kills FOLDER`: run a campaign, or go on with one that was stopped."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click

from benchmarks.servers import negatoscope, orthanc
from tests.campaigns.fuzzing import fuzz
from tests.campaigns.kills import Campaign
from tests.campaigns.large_object import Step, measure, table, write_large_object


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


@campaigns.command("large-object")
@click.option("--frames", default=2500, show_default=True, help="Frames of 512 x 512 words.")
def large_object(frames: int) -> None:
    """Send an object of 1.3 GB through each door and back; print the memory it took, beside Debian's Orthanc."""
    steps: dict[str, list[Step]] = {}
    with tempfile.TemporaryDirectory(prefix="nego-large-", dir="/var/tmp") as place:
        folder = Path(place)
        folder.chmod(0o755)
        for name, start in (("Négatoscope", negatoscope), ("Orthanc", orthanc)):
            with start(folder / name[0]) as server:
                steps[name] = []
                for step in measure(
                    server, lambda seed: write_large_object(folder / f"{seed}.dcm", frames=frames, seed=seed), folder
                ):
                    steps[name].append(step)
                    click.echo(
                        f"{name}: {step.name}, {step.growth_bytes / 1e6:.0f} MB more, {step.seconds:.1f} s, right: {step.is_right}"
                    )
            shutil.rmtree(folder / name[0])
    click.echo(table(steps))


@campaigns.command("fuzz")
@click.option("--count", default=200_000, show_default=True, help="How many damaged objects.")
@click.option("--seed", default=1, show_default=True)
def fuzz_objects(count: int, seed: int) -> None:
    """Damage objects at random and show them to the gate."""
    findings = fuzz(count, seed, click.echo)
    click.echo(findings.text())
    if findings.faults:
        raise SystemExit(1)


if __name__ == "__main__":
    campaigns()
