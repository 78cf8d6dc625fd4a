"""Those who speak with other archives: the doors, put in when the product is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from negatoscope.access.devices import RetrieveDestination
from negatoscope.archive.prefetch.model import PriorSource, RemoteStudy
from negatoscope.archive.routing.servers import WebDestination
from negatoscope.platform.runtime import Platform

Peer_contra = TypeVar("Peer_contra", contravariant=True)


class StudyFinder(Protocol[Peer_contra]):
    """Ask an archive for the studies of a patient; NegatoscopeError when it cannot be spoken with."""

    def __call__(self, platform: Platform, peer: Peer_contra, identifier: str, issuer: str, /) -> list[RemoteStudy]:
        """Return the studies of the patient with this number."""


class PartsFinder(Protocol[Peer_contra]):
    """Ask an archive for the body parts that the series of a study name; NegatoscopeError when it cannot be spoken with."""

    def __call__(self, platform: Platform, peer: Peer_contra, study_uid: str, /) -> list[str]:
        """Return the body parts."""


class StudyFetcher(Protocol[Peer_contra]):
    """Bring a study here; NegatoscopeError when it did not come whole."""

    def __call__(self, platform: Platform, peer: Peer_contra, source: PriorSource, study_uid: str, /) -> None:
        """Fetch the study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker(Generic[Peer_contra]):
    """One way to speak with an archive."""

    find_studies: StudyFinder[Peer_contra]
    find_parts: PartsFinder[Peer_contra]
    fetch: StudyFetcher[Peer_contra]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speakers:
    """Both ways."""

    device: Speaker[RetrieveDestination]
    server: Speaker[WebDestination]
