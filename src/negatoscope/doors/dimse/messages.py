"""DIMSE messages: fragments put together into a command and its data set, and taken apart to be sent (PS3.8 annex E)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from negatoscope.doors.dimse.command_set import MAXIMUM_COMMAND_LENGTH, Command, decode_command, encode_command
from negatoscope.doors.dimse.negotiation import AcceptedContext
from negatoscope.doors.dimse.pdu import DATA_VALUE_OVERHEAD, DataValue
from negatoscope.doors.dimse.pdu_encoding import data_transfer_header
from negatoscope.platform.errors import InvalidInput


class DataSink(Protocol):
    """Where the data set of one message goes while it arrives."""

    def feed(self, fragment: memoryview | bytes) -> None:
        """Take the next bytes; the view is good during this call only."""

    def finish(self) -> None:
        """Note that the data set is complete."""

    def abandon(self) -> None:
        """Note that the rest will never come."""


class GatheredDataSet:
    """A small data set (identifier, attribute list) kept in memory up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, fragment: memoryview | bytes) -> None:
        """Keep a copy of the fragment."""
        self._size += len(fragment)
        if self._size > self._limit:
            raise InvalidInput("The data set of the request is too long.", reason="invalid_parameter")
        self._parts.append(bytes(fragment))

    def finish(self) -> None:
        """Do nothing: it is read by `content`."""

    def abandon(self) -> None:
        """Forget what came."""
        self._parts.clear()

    @property
    def content(self) -> bytes:
        """Return the encoded data set."""
        return b"".join(self._parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One whole message as it arrived."""

    context: AcceptedContext
    command: Command
    sink: DataSink | None

    @property
    def content(self) -> bytes:
        """Return the encoded data set of a message whose data set is gathered; empty when there is none."""
        return self.sink.content if isinstance(self.sink, GatheredDataSet) else b""


class MessageReceiver:
    """Put the fragments of one association together, one message at a time."""

    def __init__(
        self,
        contexts: Mapping[int, AcceptedContext],
        *,
        open_sink: Callable[[AcceptedContext, Command], DataSink],
        begins: Callable[[], None],
        arrived: Callable[[Message], None],
    ) -> None:
        self._contexts = contexts
        self._open_sink = open_sink
        self._begins = begins
        self._arrived = arrived
        self._context: AcceptedContext | None = None
        self._command_parts: list[bytes] = []
        self._command: Command | None = None
        self._sink: DataSink | None = None

    @property
    def is_inside_message(self) -> bool:
        """Tell whether a message has begun and is not yet whole."""
        return self._context is not None

    def take(self, value: DataValue) -> None:
        """Take one fragment; InvalidInput when it has no place here."""
        if self._context is None:
            self._context = self._contexts.get(value.context_id)
            if self._context is None:
                raise InvalidInput("A fragment names a presentation context that is not accepted.", reason="invalid_parameter")
            self._begins()
        elif self._context.context_id != value.context_id:
            raise InvalidInput("A message changes its presentation context.", reason="invalid_parameter")
        if value.is_command != (self._command is None):
            raise InvalidInput("Command and data fragments are out of order.", reason="invalid_parameter")
        if self._command is None:
            self._take_command(self._context, value)
        elif self._sink is not None:
            self._sink.feed(value.fragment)
            if value.is_last:
                self._sink.finish()
                self._deliver(self._context, self._command)

    def abandon(self) -> None:
        """Undo a message that will never be whole."""
        if self._sink is not None:
            self._sink.abandon()
        self._reset()

    def _take_command(self, context: AcceptedContext, value: DataValue) -> None:
        self._command_parts.append(bytes(value.fragment))
        if sum(map(len, self._command_parts)) > MAXIMUM_COMMAND_LENGTH:
            raise InvalidInput("The command set is too long.", reason="invalid_parameter")
        if not value.is_last:
            return
        command = decode_command(b"".join(self._command_parts))
        if command.has_data_set:
            self._command = command
            self._sink = self._open_sink(context, command)
        else:
            self._deliver(context, command)

    def _deliver(self, context: AcceptedContext, command: Command) -> None:
        message = Message(context=context, command=command, sink=self._sink)
        self._reset()
        self._arrived(message)

    def _reset(self) -> None:
        self._context = self._command = self._sink = None
        self._command_parts = []


class FragmentSender:
    """Cut a data set that comes in chunks into P-DATA-TF units no longer than the peer reads.

    One fragment is always held back, since the last one must say that it is the last.
    """

    def __init__(self, context_id: int, maximum_length: int, *, is_command: bool = False) -> None:
        self._context_id = context_id
        self._room = maximum_length - DATA_VALUE_OVERHEAD
        self._is_command = is_command
        self._held: bytes | memoryview = b""

    def add(self, chunk: bytes) -> list[bytes | memoryview]:
        """Return what can be sent now: headers and fragments alternating."""
        parts: list[bytes | memoryview] = []
        view = memoryview(chunk)
        for start in range(0, len(chunk), self._room):
            if self._held:
                parts.extend(self._unit(is_last=False))
            self._held = view[start : start + self._room]
        return parts

    def last(self) -> list[bytes | memoryview]:
        """Return the last unit; an empty data set has one too."""
        return self._unit(is_last=True)

    def _unit(self, *, is_last: bool) -> list[bytes | memoryview]:
        header = data_transfer_header(self._context_id, len(self._held), is_command=self._is_command, is_last=is_last)
        return [header, self._held]


def command_units(context_id: int, command: Command, maximum_length: int) -> list[bytes | memoryview]:
    """Return the P-DATA-TF units that carry a command set."""
    return whole_units(context_id, encode_command(command), maximum_length, is_command=True)


def whole_units(context_id: int, content: bytes, maximum_length: int, *, is_command: bool = False) -> list[bytes | memoryview]:
    """Return the P-DATA-TF units that carry a command set or data set that is whole in memory."""
    sender = FragmentSender(context_id, maximum_length, is_command=is_command)
    return [*sender.add(content), *sender.last()]
