"""A parsed message: segments, fields, repetitions, components and subcomponents, counted from 1 as the standard does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from negatoscope.formats.hl7v2.errors import Condition, MessageError
from negatoscope.formats.hl7v2.escapes import STANDARD, Delimiters

NULL = '""'  # HL7 2.5 2.5.3: the field is to be emptied, which is not the same as absent


@dataclass(frozen=True, slots=True)
class Repetition:
    """One occurrence of a field: components of subcomponents, decoded."""

    components: tuple[tuple[str, ...], ...] = ()

    def text(self, component: int = 1, subcomponent: int = 1) -> str:
        """Return one leaf, or the empty text where the message holds nothing."""
        if component > len(self.components):
            return ""
        leaves = self.components[component - 1]
        value = leaves[subcomponent - 1] if subcomponent <= len(leaves) else ""
        return "" if value == NULL else value

    @property
    def is_empty(self) -> bool:
        """Say whether no leaf holds anything."""
        return not any(leaf for leaves in self.components for leaf in leaves)


EMPTY = Repetition()


@dataclass(frozen=True, slots=True)
class Segment:
    """One line of the message. `fields[n - 1]` holds the repetitions of field n."""

    name: str
    fields: tuple[tuple[Repetition, ...], ...]
    sequence: int = 1

    def repetitions(self, field: int) -> tuple[Repetition, ...]:
        """Return the occurrences of a field that hold something."""
        found = self.fields[field - 1] if 0 < field <= len(self.fields) else ()
        return tuple(repetition for repetition in found if not repetition.is_empty)

    def first(self, field: int) -> Repetition:
        """Return the first occurrence of a field, empty where there is none."""
        return next(iter(self.repetitions(field)), EMPTY)

    def text(self, field: int, component: int = 1, subcomponent: int = 1) -> str:
        """Return one leaf of the first occurrence of a field."""
        return self.first(field).text(component, subcomponent)

    def require(self, field: int, component: int = 1) -> str:
        """Return one leaf that must not be empty, or raise MessageError naming its place."""
        value = self.text(field, component)
        if not value.strip():
            raise MessageError(
                f"{self.name}-{field} is required and empty.", Condition.REQUIRED_FIELD_MISSING, self.location(field)
            )
        return value.strip()

    def location(self, field: int | None = None) -> str:
        """Return the ERL of this segment or of one of its fields: `PID^1^3`."""
        return f"{self.name}^{self.sequence}" + (f"^{field}" if field is not None else "")


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message. MSH-1 and MSH-2 are in `delimiters`; `charset` is the Python codec that its bytes were read with."""

    segments: tuple[Segment, ...]
    delimiters: Delimiters = STANDARD
    charset: str = "utf-8"

    @property
    def header(self) -> Segment:
        """Return MSH."""
        return self.segments[0]

    def all(self, name: str) -> tuple[Segment, ...]:
        """Return the segments of this name in order."""
        return tuple(segment for segment in self.segments if segment.name == name)

    def first(self, name: str) -> Segment | None:
        """Return the first segment of this name."""
        return next((segment for segment in self.segments if segment.name == name), None)

    def require(self, name: str) -> Segment:
        """Return the first segment of this name, or raise MessageError."""
        segment = self.first(name)
        if segment is None:
            raise MessageError(f"The segment {name} is missing.", Condition.SEGMENT_SEQUENCE_ERROR, name)
        return segment

    def groups(self, opening: str) -> Iterator[tuple[Segment, ...]]:
        """Yield the runs of segments that each start with a segment named `opening`."""
        group: list[Segment] = []
        for segment in self.segments:
            if segment.name == opening:
                if group:
                    yield tuple(group)
                group = [segment]
            elif group:
                group.append(segment)
        if group:
            yield tuple(group)


def find(segments: Sequence[Segment], name: str) -> Segment | None:
    """Return the first segment of this name in a group."""
    return next((segment for segment in segments if segment.name == name), None)
