"""The secret keys of de-identification projects: made when a project is first named, sealed before the database keeps them."""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import Connection

from negatoscope.access.model import Subject
from negatoscope.archive.discs import store
from negatoscope.platform.errors import InvalidInput, NotFound
from negatoscope.platform.runtime import Platform
from negatoscope.platform.sealing import seal, unseal

_KEY_BYTES: Final = 32
LONGEST_NAME: Final = 64


def keep_project(platform: Platform, tx: Connection, subject: Subject, project: str) -> str:
    """Return the name of a project as it is kept, made now if it is new. Raises InvalidInput for no name."""
    name = " ".join(project.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidInput("Give the project a name of at most 64 characters.", reason="project_missing", field="project")
    sealed = seal(platform, _place(name), secrets.token_bytes(_KEY_BYTES))
    store.insert_project(tx, name, sealed, at=platform.clock.now(), by=subject.display_name)
    return name


def project_key(platform: Platform, tx: Connection, project: str) -> bytes:
    """Return the key of a project."""
    sealed = store.find_project(tx, project)
    if sealed is None:
        raise NotFound("There is no such project.", reason="no_such_project")
    return unseal(platform, _place(project), sealed)


def _place(name: str) -> str:
    return f"deidentification/{name}"
