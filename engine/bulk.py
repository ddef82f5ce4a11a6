"""Many records at once: a function of each shared with forked processes, no search for cycles among them."""

from __future__ import annotations

import gc
import io
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any, BinaryIO, TypeVar

T = TypeVar("T")
R = TypeVar("R")

WORTH_A_FORK = 100
"""How many SELECTs take as long as a fork, its page faults and the way back of what it found: about 0.05 s."""
_MOST = 8


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no cycles: of records that stay there are none, and looking took a quarter of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def each(function: Callable[[T], R], items: Sequence[T], shared: Iterable[object] = ()) -> list[R]:
    """Return `function` of each item, in their order. What it returns must pickle, and may not be told by identity.

    Objects that are `shared`, large ones, are not sent back: what refers to one refers to this side's.
    A process that could not do its share changes nothing: its items are done here.
    """
    shares = _shares(len(items))
    known = {id(one): one for one in shared} if len(shares) > 1 else {}
    forked = [(share, _fork(function, items[share], known)) for share in shares[1:]]
    found = [function(item) for item in items[shares[0]]]
    for share, pipe in forked:
        theirs: list[R] | None = _received(pipe, known)
        found += [function(item) for item in items[share]] if theirs is None else theirs
    return found


def _shares(count: int) -> list[slice]:
    """Return one slice for each process, the first for this one."""
    # A fork copies one thread, and the locks that the others hold.
    can_fork = sys.platform == "linux" and threading.active_count() == 1
    processes = min(len(os.sched_getaffinity(0)), count // WORTH_A_FORK, _MOST) if can_fork else 1
    edges = [count * number // max(1, processes) for number in range(max(1, processes) + 1)]
    return [slice(*pair) for pair in pairwise(edges)]


def _fork(function: Callable[[T], R], items: Sequence[T], known: Mapping[int, object]) -> tuple[int, BinaryIO] | None:
    reading, writing = os.pipe()
    try:
        child = os.fork()
    except OSError:  # no memory, or no more processes
        os.close(reading)
        os.close(writing)
        return None
    if child == 0:
        # Nothing of the parent's may run here: no handlers, no buffers that are flushed twice.
        try:
            os.close(reading)
            with open(writing, "wb") as pipe:
                _Pickler(pipe, known).dump([function(item) for item in items])
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    return child, open(reading, "rb")


def _received(forked: tuple[int, BinaryIO] | None, known: Mapping[int, object]) -> list[R] | None:
    if forked is None:
        return None
    child, pipe = forked
    with pipe:
        written = pipe.read()
    _, status = os.waitpid(child, 0)
    return _Unpickler(written, known).load() if status == 0 and written else None


class _Pickler(pickle.Pickler):
    """Writes in place of an object that both sides have where it lies: a fork has it at the same address."""

    def __init__(self, file: BinaryIO, known: Mapping[int, object]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.dispatch_table = {kind: partial(_reference, known) for kind in set(map(type, known.values()))}


def _reference(known: Mapping[int, object], one: object) -> Any:
    return (_Shared, (id(one),)) if id(one) in known else one.__reduce_ex__(pickle.HIGHEST_PROTOCOL)


class _Shared:
    """Stands for such an object while it is on its way."""


class _Unpickler(pickle.Unpickler):
    def __init__(self, written: bytes, known: Mapping[int, object]) -> None:
        super().__init__(io.BytesIO(written))
        self.known = known

    def find_class(self, module: str, name: str) -> Any:
        is_shared = (module, name) == (_Shared.__module__, _Shared.__name__)
        return self.known.__getitem__ if is_shared else super().find_class(module, name)
