"""Read the Accept header with the parameters that DICOMweb adds to it (PS3.18 8.7.4), quoted or not. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

LONGEST_HEADER: Final = 8192
_MOST_RANGES: Final = 64
MULTIPART: Final = "multipart/related"


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One thing that the client takes: `media_type` is the type of a part where `multipart` is set."""

    media_type: str
    multipart: bool = False
    quality: float = 1.0
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def transfer_syntax(self) -> str | None:
        """Return the transfer syntax asked for, `*` for whatever is stored."""
        return self.parameters.get("transfer-syntax")

    def covers(self, media_type: str) -> bool:
        """Tell whether the range takes this media type."""
        if self.media_type in {"*/*", media_type}:
            return True
        return self.media_type.endswith("/*") and media_type.startswith(self.media_type[:-1])


ANYTHING: Final = MediaRange("*/*")


def parse_accept(header: str | None) -> list[MediaRange]:
    """Return the media ranges, best first; no header, or one that cannot be read, takes anything.

    The order given decides between equal qualities; a quality of zero takes its range out.
    """
    if header is None or not header.strip() or len(header) > LONGEST_HEADER:
        return [ANYTHING]
    ranges = [_parse_range(part) for part in _split(header, ",")[:_MOST_RANGES]]
    wanted = [found for found in ranges if found is not None and found.quality > 0]
    return sorted(wanted, key=lambda found: -found.quality)


def parse_content_type(header: str) -> tuple[str, dict[str, str]]:
    """Return the media type in lower case and its parameters."""
    media_type, *rest = _split(header[:LONGEST_HEADER], ";")
    return media_type.strip().lower(), _parameters(rest)


def _parse_range(text: str) -> MediaRange | None:
    media_type, parameters = parse_content_type(text)
    if media_type == "*":
        media_type = "*/*"
    if "/" not in media_type:
        return None
    try:
        quality = min(max(float(parameters.pop("q", "1")), 0.0), 1.0)
    except ValueError:
        quality = 1.0
    if media_type != MULTIPART:
        return MediaRange(media_type, quality=quality, parameters=parameters)
    inner = parameters.pop("type", "*/*").lower()
    return MediaRange(inner if "/" in inner else "*/*", multipart=True, quality=quality, parameters=parameters)


def _parameters(parts: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in parts:
        name, separator, value = part.partition("=")
        if separator:
            text = value.strip()
            if len(text) >= 2 and text[0] == text[-1] == '"':
                text = text[1:-1].replace('\\"', '"')
            found.setdefault(name.strip().lower(), text.strip())
    return found


def _split(text: str, separator: str) -> list[str]:
    """Split outside of quotation marks."""
    parts: list[str] = []
    start = 0
    is_quoted = False
    escaped = False
    for place, character in enumerate(text):
        if escaped:
            escaped = False
        elif is_quoted and character == "\\":
            escaped = True
        elif character == '"':
            is_quoted = not is_quoted
        elif character == separator and not is_quoted:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return parts
