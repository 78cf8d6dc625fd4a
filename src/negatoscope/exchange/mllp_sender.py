"""Send one message over MLLP and wait for its acknowledgement."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

from negatoscope.formats.hl7v2.acknowledgement import Acknowledgement, read_acknowledgement
from negatoscope.formats.hl7v2.errors import MessageError
from negatoscope.formats.hl7v2.mllp import Deframer, frame
from negatoscope.formats.hl7v2.parser import parse
from negatoscope.platform.errors import Unavailable

CONNECT_S = 10.0
ANSWER_S = 30.0
LARGEST_ANSWER = 1 << 20


@contextlib.contextmanager
def connected(destination: str) -> Iterator[socket.socket]:
    """Open a connection to `host:port`; Unavailable when nobody listens."""
    host, _, port = destination.rpartition(":")
    try:
        peer = socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S)
    except OSError as error:
        raise Unavailable("The receiver cannot be reached.", reason="receiver_unreachable") from error
    with peer:
        yield peer


def exchange(peer: socket.socket, content: bytes, *, control_id: str, answer_s: float = ANSWER_S) -> Acknowledgement:
    """Send one message and return the acknowledgement that names it.

    Unavailable when the peer closes, is silent for `answer_s`, or answers something else: the message may have arrived,
    and is to be sent again under the same control identifier.
    """
    deadline = time.monotonic() + answer_s
    deframer = Deframer(LARGEST_ANSWER)
    try:
        peer.settimeout(answer_s)
        peer.sendall(frame(content))
        while True:
            peer.settimeout(max(0.001, deadline - time.monotonic()))
            data = peer.recv(65536)
            if not data:
                raise Unavailable("The receiver closed without an answer.", reason="receiver_closed")
            for answer in deframer.feed(data):
                acknowledgement = read_acknowledgement(parse(answer))
                if acknowledgement.control_id == control_id:
                    return acknowledgement
    except TimeoutError as error:
        raise Unavailable("The receiver does not answer.", reason="receiver_silent") from error
    except OSError as error:
        raise Unavailable("The connection to the receiver broke.", reason="receiver_broke_off") from error
    except MessageError as error:
        raise Unavailable("The receiver answered something that is no acknowledgement.", reason="answer_unreadable") from error
