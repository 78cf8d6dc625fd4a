"""Say in which form the objects of a modality are kept."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.access.policy import may_ever
from negatoscope.archive.recompression import store
from negatoscope.archive.recompression.model import Codec, Rule
from negatoscope.audit.trail import record
from negatoscope.platform.errors import InvalidInput, NotFound
from negatoscope.platform.runtime import Platform

_MODALITY: Final = re.compile(r"[A-Z0-9_ ]{1,16}", re.ASCII)


def set_rule(platform: Platform, subject: Subject, *, modality: str, codec: Codec) -> None:
    """Keep the objects of a modality in a codec, from the next study that becomes complete."""
    named = modality.strip().upper()
    if _MODALITY.fullmatch(named) is None:
        raise InvalidInput("A modality is a code such as CT or DX.", reason="bad_modality", field="modality")
    rule = Rule(modality=named, codec=codec, changed_at=platform.clock.now(), changed_by=subject.display_name)
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_DEVICES)
        store.upsert_rule(tx, rule)
        record(tx, subject.actor, "recompression_rule_changed", objects={"modality": named, "codec": codec.value})


def remove_rule(platform: Platform, subject: Subject, *, modality: str) -> None:
    """Keep the objects of a modality as received from now on; what is recompressed stays so."""
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_DEVICES)
        if store.delete_rule(tx, modality):
            record(tx, subject.actor, "recompression_rule_changed", objects={"modality": modality, "codec": "as_received"})


def list_rules(tx: Connection, subject: Subject) -> list[Rule]:
    """Return the rules by modality, for those who manage devices."""
    if not may_ever(subject, Action.MANAGE_DEVICES):
        raise NotFound("Nothing is here.")
    return store.list_rules(tx)
