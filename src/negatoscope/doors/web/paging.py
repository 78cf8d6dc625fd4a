"""Addresses of the next page of a list that goes back in time: its key is a moment and an identifier."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from negatoscope.platform.errors import InvalidInput

Key = tuple[datetime, UUID]


def after_of(text: str) -> Key | None:
    """Read the key of the last line seen; None for the first page."""
    if not text:
        return None
    moment, _, identifier = text.partition("_")
    try:
        return datetime.fromisoformat(moment), UUID(identifier)
    except ValueError as error:
        raise InvalidInput("This page does not exist.", field="after") from error


def next_href(path: str, after: Key | None, **filters: str) -> str | None:
    """Return the address of the page that follows; None at the end."""
    if after is None:
        return None
    kept = {name: value for name, value in filters.items() if value}
    return f"{path}?{urlencode({**kept, 'after': f'{after[0].isoformat()}_{after[1]}'})}"
