"""Run risky functions in worker processes that can be killed: limits on time and memory, no effect on the caller.

For decoders and models: their input comes from strangers and their code is native. A crash, a hang or a bomb costs one
worker process and one request. What goes through the pipe is plain data in both directions: a worker that was taken
over cannot make its parent run anything.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import resource
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TypeVar, cast

from negatoscope.platform import errors
from negatoscope.platform.errors import NegatoscopeError, Refused, Unavailable
from negatoscope.platform.plain import Plain, pack, unpack

R = TypeVar("R")

DEFAULT_MEMORY_BYTES = 3 << 30
JOBS_PER_PROCESS = 500
LONGEST_WAIT_S = 10.0


class _Worker:
    def __init__(self, memory_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        self.served = 0
        context = multiprocessing.get_context("forkserver")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, memory_bytes), daemon=True, name="sandbox")
        self.process.start()
        theirs.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


class Sandbox:
    """A small pool of worker processes, started when first needed, replaced when killed or worn."""

    def __init__(self, *, processes: int = 2) -> None:
        self._slots = threading.BoundedSemaphore(processes)
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()
        self._closed = False

    def run(
        self,
        function: Callable[..., R],
        *args: object,
        timeout_s: float = 30.0,
        memory_bytes: int = DEFAULT_MEMORY_BYTES,
    ) -> R:
        """Call a module-level function of plain arguments in a worker process and return its plain value.

        Raises Refused with reason `sandbox_timeout` or `sandbox_crashed` when the worker had to be killed or died; a
        NegatoscopeError raised by the function arrives as it is, any other exception as Refused `sandbox_failed`.
        Raises Unavailable `sandbox_busy` when no worker is free for ten seconds: work that hangs may not hold its callers.
        """
        name = f"{function.__module__}:{function.__qualname__}"
        if not self._slots.acquire(timeout=LONGEST_WAIT_S):
            raise Unavailable("Every worker process is busy.", reason="sandbox_busy")
        try:
            worker = self._take(memory_bytes)
            try:
                worker.connection.send_bytes(pack([name, cast("list[Plain]", list(args))]))
                if not worker.connection.poll(timeout_s):
                    worker.kill()
                    raise Refused("The work took too long and was stopped.", reason="sandbox_timeout")
                answer = cast("dict[str, Plain]", unpack(worker.connection.recv_bytes()))
            except (EOFError, BrokenPipeError, ConnectionResetError) as error:
                worker.kill()
                raise Refused("The work crashed its process.", reason="sandbox_crashed") from error
            except BaseException:
                if worker.process.is_alive():
                    worker.kill()
                raise
            self._give_back(worker)
        finally:
            self._slots.release()
        if "value" in answer:
            return cast("R", answer["value"])
        raise _error_of(answer)

    def close(self) -> None:
        """Kill the idle workers and keep no more."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.kill()

    def _take(self, memory_bytes: int) -> _Worker:
        with self._lock:
            for worker in self._idle:
                if worker.memory_bytes == memory_bytes and worker.process.is_alive():
                    self._idle.remove(worker)
                    return worker
            surplus = self._idle.pop(0) if len(self._idle) >= 4 else None
        if surplus is not None:
            surplus.kill()
        return _Worker(memory_bytes)

    def _give_back(self, worker: _Worker) -> None:
        worker.served += 1
        with self._lock:
            if not self._closed and worker.served < JOBS_PER_PROCESS:
                self._idle.append(worker)
                return
        worker.kill()


def _error_of(answer: dict[str, Plain]) -> NegatoscopeError:
    kind = getattr(errors, str(answer.get("error")), Refused)
    if not (isinstance(kind, type) and issubclass(kind, NegatoscopeError)):
        kind = Refused
    return kind(str(answer.get("message")), reason=str(answer.get("reason")))


def _serve(connection: Connection, memory_bytes: int) -> None:
    """Answer calls until the other side goes away. Runs in the worker process."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(EOFError, KeyboardInterrupt, BrokenPipeError):
        while True:
            name, args = cast("tuple[str, list[Plain]]", unpack(connection.recv_bytes()))
            connection.send_bytes(_answer(name, args))


def _answer(name: str, args: list[Plain]) -> bytes:
    module, _, path = name.partition(":")
    try:
        function: object = importlib.import_module(module)
        for part in path.split("."):
            function = getattr(function, part)
        return pack({"value": cast("Callable[..., Plain]", function)(*args)})
    except NegatoscopeError as error:
        return pack({"error": type(error).__name__, "message": str(error), "reason": error.reason})
    except Exception as error:  # the outermost loop of the worker: the reason goes back, the process lives on
        return pack({"error": "Refused", "message": f"The work failed: {type(error).__name__}.", "reason": "sandbox_failed"})
