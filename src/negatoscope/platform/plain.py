"""Plain values as bytes and back, for a pipe whose other end may have been taken over: data alone, never code.

A message is one JSON document of the structure, then the buffers it names. What goes in comes out equal, except that a
tuple comes out as a list.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import cast

import numpy as np
import orjson
from numpy.typing import NDArray

from negatoscope.platform.errors import Refused

Plain = None | bool | int | float | str | bytes | NDArray[np.generic] | list["Plain"] | tuple["Plain", ...] | dict[str, "Plain"]
HEADER = struct.Struct("<QQ")


def pack(value: Plain) -> bytes:
    """Return the bytes of a value; TypeError for anything that is not plain."""
    buffers: list[bytes] = []
    structure = orjson.dumps(_flatten(value, buffers))
    lengths = b"".join(struct.pack("<Q", len(buffer)) for buffer in buffers)
    return b"".join([HEADER.pack(len(structure), len(buffers)), structure, lengths, *buffers])


def unpack(message: bytes) -> Plain:
    """Return the value of these bytes; Refused (`not_plain`) when they are not what `pack` writes."""
    try:
        size, count = HEADER.unpack_from(message)
        structure = orjson.loads(message[HEADER.size : HEADER.size + size])
        position = HEADER.size + size
        lengths = struct.unpack_from(f"<{count}Q", message, position)
        position += 8 * count
        view = memoryview(message)
        buffers = []
        for length in lengths:
            buffers.append(view[position : position + length])
            position += length
        if position != len(message):
            raise ValueError("length")
        return _restore(structure, buffers)
    except (ValueError, KeyError, TypeError, IndexError, struct.error, OverflowError) as error:
        raise Refused("A worker answered with something that is not plain data.", reason="not_plain") from error


def _flatten(value: Plain, buffers: list[bytes]) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        buffers.append(bytes(value))
        return {"bytes": len(buffers) - 1}
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise TypeError("an array of objects is not plain")
        buffers.append(np.ascontiguousarray(value).tobytes())
        return {"array": len(buffers) - 1, "dtype": value.dtype.str, "shape": list(value.shape)}
    if isinstance(value, np.generic):
        return _flatten(value.item(), buffers)
    if isinstance(value, list | tuple):
        return [_flatten(item, buffers) for item in value]
    if isinstance(value, Mapping):
        return {"map": [[str(key), _flatten(item, buffers)] for key, item in value.items()]}
    raise TypeError(f"{type(value).__name__} is not plain")


def _restore(value: object, buffers: list[memoryview]) -> Plain:
    if isinstance(value, list):
        return [_restore(item, buffers) for item in value]
    if isinstance(value, dict):
        if "map" in value:
            return {str(key): _restore(item, buffers) for key, item in value["map"]}
        if "float" in value:
            return float(value["float"])
        if "array" in value:
            dtype = np.dtype(value["dtype"])
            if dtype.hasobject:
                raise TypeError("an array of objects is not plain")
            return np.frombuffer(buffers[value["array"]], dtype=dtype).reshape(value["shape"])
        return bytes(buffers[value["bytes"]])
    return cast("Plain", value)
