"""Records are what frozen dataclasses with slots are: compared, hashed, copied, pickled, never changed."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, asdict, dataclass, field, replace

import pytest

from engine.records import frozen


@frozen
class Point:
    """With every kind of field."""

    x: int
    keep: str = "k"
    secret: str = field(default="hush", repr=False)
    places: Mapping[str, int] = field(default_factory=dict, compare=False)

    @property
    def twice(self) -> int:
        return 2 * self.x


@frozen
class One:
    value: tuple[int, ...] = ()


@frozen
class Nothing:
    def __repr__(self) -> str:
        return "nothing"


def test_record_is_made_as_a_dataclass_is() -> None:
    assert (Point(1), Point(1, secret="x").secret, Point(1, "a").keep) == (Point(x=1), "x", "a")
    assert Point(2).places is not Point(2).places
    assert repr(Point(1)) == "Point(x=1, keep='k', places={})"
    assert repr(Nothing()) == "nothing"
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        Point()  # type: ignore[call-arg]


def test_record_is_compared_by_the_fields_that_count() -> None:
    assert Point(1, places={"a": 1}) == Point(1)
    assert hash(Point(1, places={"a": 1})) == hash(Point(1))
    assert Point(1) != Point(2)
    assert One((1,)) != (1,)
    assert {One((1,)), One((1,)), One()} == {One(), One((1,))}
    assert Nothing() == Nothing()


def test_record_is_never_changed() -> None:
    point = Point(1)
    with pytest.raises(FrozenInstanceError, match="'x'"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="'x'"):
        del point.x
    with pytest.raises(FrozenInstanceError):
        point.other = 2  # type: ignore[attr-defined]
    assert not hasattr(point, "__dict__")


def test_record_is_replaced_taken_apart_and_sent() -> None:
    point = Point(1, "a", "b", {"c": 1})
    assert replace(point, x=5) == Point(5, "a", "b")
    assert asdict(point) == {"x": 1, "keep": "a", "secret": "b", "places": {"c": 1}}
    sent = pickle.loads(pickle.dumps((point, One((1,)), Nothing()), pickle.HIGHEST_PROTOCOL))
    assert sent == (point, One((1,)), Nothing())
    assert (sent[0].secret, sent[0].places, sent[0].twice) == ("b", {"c": 1}, 2)
    match point:
        case Point(x, keep=kept):
            assert (x, kept) == (1, "a")


def test_record_is_the_same_as_a_dataclass() -> None:
    @dataclass(frozen=True, slots=True)
    class Usual:
        a: int
        b: str = ""

    @frozen
    class Ours:
        a: int
        b: str = ""

    assert Usual.__match_args__ == Ours.__match_args__
    assert Usual.__slots__ == Ours.__slots__
    assert repr(Usual(1)).replace("Usual", "Ours") == repr(Ours(1))
    assert hash(Usual(1, "x")) == hash(Ours(1, "x"))
