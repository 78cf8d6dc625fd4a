"""What was made for the demonstration of this installation: its accounts, in a file that only its owner can read."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass

import orjson

from negatoscope.platform.errors import SettingsError
from negatoscope.platform.settings import Settings

FILE = "demonstration.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeAccount:
    """An account of the demonstration and the password made for it."""

    login: str
    password: str
    role: str
    what_to_try: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The demonstration of one installation. `complete` once its studies are there."""

    accounts: tuple[MadeAccount, ...]
    complete: bool


def read_record(settings: Settings) -> Record | None:
    """Return what was made, or None when this installation has no demonstration."""
    try:
        content = orjson.loads((settings.data / FILE).read_bytes())
        accounts = tuple(MadeAccount(**account) for account in content["accounts"].values())
        return Record(accounts=accounts, complete=bool(content["complete"]))
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError) as error:
        raise SettingsError(f"{settings.data / FILE} is damaged; remove it to make new passwords.") from error


def write_record(settings: Settings, record: Record) -> None:
    """Keep what was made."""
    content = {"accounts": {account.login: asdict(account) for account in record.accounts}, "complete": record.complete}
    path = settings.data / FILE
    temporary = path.with_suffix(".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
