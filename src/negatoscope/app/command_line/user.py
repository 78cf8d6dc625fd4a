"""`negatoscope user`: accounts, from the operator's keyboard."""

from __future__ import annotations

import sys

import click

from negatoscope.access import users
from negatoscope.access.model import Role, Subject, system_subject
from negatoscope.access.people import User
from negatoscope.app.command_line.opening import opened_platform
from negatoscope.platform.errors import NotFound
from negatoscope.platform.runtime import Platform

REASON = "at the operator's command line"


@click.group()
def user() -> None:
    """Create and list accounts."""


@user.command()
@click.argument("login")
@click.option("--name", required=True, help="Name shown on screens and reports.")
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice([role.value for role in Role]), help="May be repeated."
)
@click.option("--professional-identifier", help="National identifier (RPPS) of a health professional.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
def create(login: str, name: str, roles: tuple[str, ...], professional_identifier: str | None, *, password_stdin: bool) -> None:
    """Create an account and give it a password."""
    password = ask_password(from_stdin=password_stdin)
    with opened_platform() as platform:
        created = users.create_user(
            platform,
            operator(platform),
            login=login,
            display_name=name,
            roles=[Role(role) for role in roles],
            password=password,
            professional_identifier=professional_identifier,
            reason=REASON,
        )
    click.echo(f"Account {created.login} created.")


@user.command("list")
def list_() -> None:
    """List the accounts."""
    with opened_platform() as platform, platform.database.read(platform.tenant) as tx:
        found = users.list_users(tx, operator(platform), limit=10_000)
    for account in found:
        state = "  disabled" if account.disabled_at else ""
        click.echo(f"{account.login:24} {account.display_name:32} {', '.join(sorted(account.roles))}{state}")


@user.command("set-password")
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
def set_password(login: str, *, password_stdin: bool) -> None:
    """Give an account a new password; its sessions end."""
    password = ask_password(from_stdin=password_stdin)
    with opened_platform() as platform:
        account = account_of(platform, login)
        users.set_password(platform, operator(platform), account.user_id, password, reason=REASON)
    click.echo(f"Password of {account.login} changed; its sessions ended.")


def operator(platform: Platform) -> Subject:
    """Return who acts when somebody with the data folder in hand types a command."""
    return system_subject(platform.tenant, "command line")


def account_of(platform: Platform, login: str) -> User:
    """Return the account of a login; NotFound when there is none."""
    with platform.database.read(platform.tenant) as tx:
        found = users.find_user(tx, login)
    if found is None:
        raise NotFound(f"There is no account {login}; 'negatoscope user list' shows those that exist.")
    return found


def ask_password(*, from_stdin: bool) -> str:
    """Return a password from standard input, or typed twice without being shown."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
