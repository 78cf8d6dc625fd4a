"""`negatoscope token`: bearer tokens for programs that use the HTTP doors."""

from __future__ import annotations

from datetime import timedelta

import click

from negatoscope.access import tokens
from negatoscope.app.command_line.opening import opened_platform
from negatoscope.app.command_line.user import account_of, operator


@click.group()
def token() -> None:
    """Create and revoke bearer tokens."""


@token.command()
@click.option("--user", "login", required=True, help="Account for which the token acts.")
@click.option("--title", default="made at the command line", show_default=True, help="What the token is for.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 365), help="Days until it expires.")
def create(login: str, title: str, days: int) -> None:
    """Print a new bearer token; it is not shown again."""
    with opened_platform() as platform:
        account = account_of(platform, login)
        text, _ = tokens.create_token(
            platform, operator(platform), user_id=account.user_id, title=title, life=timedelta(days=days)
        )
    click.echo(text)


@token.command()
@click.argument("token_id")
def revoke(token_id: str) -> None:
    """End a token, named by its identifier: the middle part of the token."""
    with opened_platform() as platform:
        tokens.revoke_token(platform, operator(platform), token_id)
    click.echo("Token revoked.")
