"""Shut a process off from the network for good: the kernel refuses it every new socket (seccomp, Linux).

A model comes from outside. Its worker reads a tensor from a pipe and writes numbers back; it has no business elsewhere.
"""

from __future__ import annotations

import ctypes
import platform
import struct

from negatoscope.platform.errors import Refused

_SET_NO_NEW_PRIVILEGES = 38
_SET_SECCOMP = 22
_FILTER_MODE = 2
_ALLOW = 0x7FFF0000
_DENY_EACCES = 0x00050000 | 13
_LOAD_WORD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_OFFSET_NUMBER, _OFFSET_ARCHITECTURE = 0, 4

# Architecture token of the kernel, then the numbers of socket and io_uring_setup (which can open sockets by itself).
_CALLS = {"x86_64": (0xC000003E, 41, 425), "aarch64": (0xC00000B7, 198, 425)}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def forbid_network() -> None:
    """Refuse every later socket of this process with EACCES; raise Refused where the system cannot do it."""
    calls = _CALLS.get(platform.machine())
    if calls is None:
        raise Refused("This machine cannot shut a model off from the network.", reason="no_isolation")
    architecture, socket_number, uring_number = calls
    code = b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in [
            (_LOAD_WORD, 0, 0, _OFFSET_ARCHITECTURE),
            (_JUMP_EQUAL, 0, 3, architecture),
            (_LOAD_WORD, 0, 0, _OFFSET_NUMBER),
            (_JUMP_EQUAL, 1, 0, socket_number),
            (_JUMP_EQUAL, 0, 1, uring_number),
            (_RETURN, 0, 0, _DENY_EACCES),
            (_RETURN, 0, 0, _ALLOW),
        ]
    )
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong)
    if (
        libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, None, 0, 0) != 0
        or libc.prctl(_SET_SECCOMP, _FILTER_MODE, ctypes.cast(ctypes.pointer(program), ctypes.c_void_p), 0, 0) != 0
    ):
        raise Refused("The system refused to shut a model off from the network.", reason="no_isolation")
