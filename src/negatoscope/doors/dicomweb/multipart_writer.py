"""Write multipart/related answers part by part, never gathered (RFC 2387)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response, StreamingResponse

_ONE_PIECE_BYTES: Final = 2 << 20
_JOINED_BYTES: Final = 2 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its headers, its bytes in pieces, and their number where it is known beforehand."""

    content_type: str
    chunks: Iterable[bytes]
    length: int | None = None
    location: str | None = None


def multipart_response(media_type: str, parts: Iterable[Part], *, headers: dict[str, str], status: int = 200) -> Response:
    """Return the answer; with parts given as a list of known lengths it says its own length.

    The first bytes are made before the answer starts, so that a damaged object is a 500 and not half an answer.
    """
    boundary = secrets.token_hex(16)
    is_measured = isinstance(parts, list) and all(part.length is not None for part in parts)
    length = _total(parts, boundary) if isinstance(parts, list) and is_measured else None
    content_type = f'multipart/related; type="{media_type}"; boundary={boundary}'
    return _answer(_written(parts, boundary), length, {**headers, "Content-Type": content_type}, status)


def single_response(part: Part, *, headers: dict[str, str], status: int = 200) -> Response:
    """Return one part as the whole answer."""
    return _answer(iter(part.chunks), part.length, {**headers, "Content-Type": part.content_type}, status)


def _answer(chunks: Iterator[bytes], length: int | None, headers: dict[str, str], status: int) -> Response:
    """Send a small answer in one piece, since each piece costs a change of thread; stream any other."""
    if length is not None and length <= _ONE_PIECE_BYTES:
        return Response(b"".join(chunks), status_code=status, headers=headers)
    if length is not None:
        headers["Content-Length"] = str(length)
    return StreamingResponse(gathered(started(chunks)), status_code=status, headers=headers)


def started(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Make the first pieces now, up to real content, and the others when they are asked for."""
    first: list[bytes] = []
    for chunk in chunks:
        first.append(chunk)
        if len(first) > 1:
            break

    def continued() -> Iterator[bytes]:
        yield from first
        yield from chunks

    return continued()


def gathered(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Join small pieces until they are worth a change of thread; large ones pass as they are."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        if size + len(chunk) > _JOINED_BYTES and held:
            yield b"".join(held)
            held, size = [], 0
        held.append(chunk)
        size += len(chunk)
    if held:
        yield b"".join(held)


def _head(part: Part, boundary: str) -> bytes:
    lines = [f"--{boundary}", f"Content-Type: {part.content_type}"]
    if part.length is not None:
        lines.append(f"Content-Length: {part.length}")
    if part.location is not None:
        lines.append(f"Content-Location: {part.location}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _written(parts: Iterable[Part], boundary: str) -> Iterator[bytes]:
    separator = b""
    for part in parts:
        yield separator + _head(part, boundary)
        yield from part.chunks
        separator = b"\r\n"
    yield separator + f"--{boundary}--\r\n".encode("ascii")


def _total(parts: list[Part], boundary: str) -> int:
    heads = sum(len(_head(part, boundary)) + (part.length or 0) for part in parts)
    separators = 2 * len(parts)
    return heads + separators + len(boundary) + 6
