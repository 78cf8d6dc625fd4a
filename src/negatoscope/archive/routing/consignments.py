"""What is handed to whoever speaks the protocol of a destination, and what he tells back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from negatoscope.access.devices import RetrieveDestination
from negatoscope.archive.open import OpenInstance
from negatoscope.archive.routing.model import TransferPriority
from negatoscope.archive.routing.notices import Notice
from negatoscope.archive.routing.servers import WebDestination
from negatoscope.platform.runtime import Platform

Note = Callable[[str, str], None]
"""Told, as soon as the receiver answered: SOP Instance UID and why he does not have it, '' when he has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consignment:
    """Objects for a destination, and in which form they are wished for ('' as kept)."""

    objects: list[OpenInstance]
    transfer_syntax_uid: str
    priority: TransferPriority
    may_go: Callable[[OpenInstance], bool]
    """Asked before each object: a long transfer sends nothing that was rejected, moved or erased while it ran."""


class DeviceSender(Protocol):
    """Send objects to a DICOM device; NegatoscopeError when it cannot be spoken with."""

    def __call__(self, platform: Platform, destination: RetrieveDestination, consignment: Consignment, note: Note) -> None:
        """Send each object and note what became of it."""


class ServerSender(Protocol):
    """Send objects to a DICOMweb server; NegatoscopeError when it cannot be spoken with."""

    def __call__(self, platform: Platform, destination: WebDestination, consignment: Consignment, note: Note) -> None:
        """Send each object and note what became of it."""


class Notifier(Protocol):
    """Tell a DICOM device what can be had from us; NegatoscopeError when it did not take the word."""

    def __call__(self, platform: Platform, destination: RetrieveDestination, notice: Notice) -> None:
        """Send the notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carriers:
    """Those who bring things to destinations: the doors, put in when the product is built."""

    to_device: DeviceSender
    to_server: ServerSender
    notify: Notifier
