"""How much a stranger may send and how long it may take; deadlines on a monotonic clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

KIBIBYTE: Final = 1024
MEBIBYTE: Final = 1024 * KIBIBYTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of the DICOM door; counts are for one process."""

    request_bytes: int = 64 * KIBIBYTE
    maximum_pdu_bytes: int = 256 * KIBIBYTE
    pdu_slack_bytes: int = 64
    identifier_bytes: int = 1 * MEBIBYTE
    attribute_list_bytes: int = 4 * MEBIBYTE
    buffered_bytes: int = 2 * MEBIBYTE
    artim_s: float = 10.0
    pdu_s: float = 30.0
    message_s: float = 60.0
    message_least_bytes_per_s: int = 128 * KIBIBYTE
    idle_s: float = 300.0
    send_s: float = 60.0
    stop_s: float = 30.0
    associations: int = 400
    associations_per_address: int = 320
    connections_per_address: int = 512
    silent_per_address: int = 16
    silent_grace_s: float = 1.0
    handshake_grace_s: float = 4.0
    find_responses: int = 10_000

    @property
    def accepted_pdu_bytes(self) -> int:
        """Return the longest variable field of a P-DATA-TF that is read."""
        return self.maximum_pdu_bytes + self.pdu_slack_bytes


class Waiting(Enum):
    """What a connection can be late with."""

    REQUEST = "association_request"
    PDU = "protocol_data_unit"
    MESSAGE = "message"
    PEER = "idle"
    CLOSE = "close"


class Deadlines:
    """What this connection waits for and since when. Pure: the caller gives the time.

    A protocol data unit has one absolute deadline, however its bytes trickle. A message has `message_s`, and one second
    more for each `message_least_bytes_per_s` received, so that a long object on a slow line passes and a peer that sends
    a byte now and then does not. Time during which we ourselves hold back reading counts for neither.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._since: dict[Waiting, float] = {}
        self._message_bytes = 0
        self._held_since: float | None = None

    def begin(self, what: Waiting, now: float) -> None:
        """Start waiting for `what`, unless that is under way."""
        if what not in self._since:
            self._since[what] = now
            if what is Waiting.MESSAGE:
                self._message_bytes = 0

    def restart(self, what: Waiting, now: float) -> None:
        """Start waiting for `what` anew."""
        self._since[what] = now

    def end(self, what: Waiting) -> None:
        """Stop waiting for `what`."""
        self._since.pop(what, None)

    def end_all(self) -> None:
        """Stop waiting for anything."""
        self._since.clear()

    def count_bytes(self, count: int) -> None:
        """Note bytes of the message that is being received."""
        self._message_bytes += count

    def hold(self, now: float) -> None:
        """Note that we stopped reading."""
        if self._held_since is None:
            self._held_since = now

    def release(self, now: float) -> None:
        """Note that we read again, and give back the time that passed."""
        if self._held_since is not None:
            held = now - self._held_since
            self._held_since = None
            self._since = {what: since + held for what, since in self._since.items()}

    def overdue(self, now: float) -> Waiting | None:
        """Return what is late, if anything is."""
        if self._held_since is not None:
            return None
        for what, since in self._since.items():
            if now >= since + self._allowed(what):
                return what
        return None

    def next_check(self, now: float) -> float | None:
        """Return in how many seconds something can be late at the earliest; None when nothing is waited for."""
        if self._held_since is not None or not self._since:
            return None
        return max(0.0, min(since + self._allowed(what) for what, since in self._since.items()) - now)

    def _allowed(self, what: Waiting) -> float:
        match what:
            case Waiting.REQUEST | Waiting.CLOSE:
                return self._limits.artim_s
            case Waiting.PDU:
                return self._limits.pdu_s
            case Waiting.MESSAGE:
                return self._limits.message_s + self._message_bytes / self._limits.message_least_bytes_per_s
            case Waiting.PEER:
                return self._limits.idle_s
