"""Errors that a compiled decoder prints and forgets, raised after all.

The HTJ2K decoder of imagecodecs (2026.3.6) copies lines in a function that cannot raise: on a broken codestream Python
prints "Exception ignored in", and the caller gets an array that is partly old memory. Shown as an image, that is wrong
pixels and a leak of the process's memory at once.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_HOOK = threading.RLock()


@contextmanager
def raising_ignored_errors() -> Iterator[None]:
    """Raise RuntimeError at the end when this thread ignored an exception inside."""
    ignored: list[BaseException | None] = []
    here = threading.get_ident()
    with _HOOK:
        outer = sys.unraisablehook

        def notice(unraisable: sys.UnraisableHookArgs) -> None:
            if threading.get_ident() == here:
                ignored.append(unraisable.exc_value)
            else:
                outer(unraisable)

        sys.unraisablehook = notice
        try:
            yield
        finally:
            sys.unraisablehook = outer
    if ignored:
        raise RuntimeError("the decoder ignored an error") from ignored[0]
