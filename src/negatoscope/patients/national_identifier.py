"""The French national health identity (INS): its issuers and its control key."""

from __future__ import annotations

import re

# Identity register of the NIR, of the NIA, and those of the test and demonstration ranges (fr-core, FRCorePatientINSProfile).
INS_OIDS = frozenset({f"1.2.250.1.213.1.4.{arc}" for arc in (8, 9, 10, 11)})
INS_NAMESPACES = frozenset({"ASIP-SANTE-INS-NIR", "ASIP-SANTE-INS-NIA"})

_SHAPE = re.compile(r"[1-8][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{8}")
_CORSICA = {"2A": "19", "2B": "18"}


def is_ins_issuer(namespace: str, oid: str | None) -> bool:
    """Say whether this assigning authority gives INS numbers."""
    return oid in INS_OIDS if oid else namespace in INS_NAMESPACES


def is_ins(value: str) -> bool:
    """Say whether `value` is a 15-character INS whose key is right: 97 - (13 first digits mod 97)."""
    if not _SHAPE.fullmatch(value):
        return False
    number, key = value[:13], value[13:]
    digits = number[:5] + _CORSICA.get(number[5:7], number[5:7]) + number[7:]
    return 97 - int(digits) % 97 == int(key)
