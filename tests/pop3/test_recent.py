"""What was used last stays, and no more than there is room for."""

from __future__ import annotations

from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from mailgate.pop3.recent import Recent


def test_what_was_not_used_for_longest_goes() -> None:
    recent: Recent[str, str] = Recent(4, len)
    recent.keep("a", "11")
    recent.keep("b", "22")
    assert recent.get("a") == "11"
    recent.keep("c", "3")
    assert [recent.get(key) for key in "abc"] == ["11", None, "3"]


def test_what_is_too_heavy_is_not_kept_and_nothing_goes_for_it() -> None:
    recent: Recent[str, str] = Recent(4, len)
    recent.keep("a", "11")
    recent.keep("b", "55555")
    assert [recent.get(key) for key in "ab"] == ["11", None]
    recent.keep("a", "55555")
    assert recent.get("a") is None  # nor is what it was before


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 9)), min_size=3), st.integers(0, 20))
def test_it_is_as_the_plainest_model(steps: list[tuple[bool, int, int]], limit: int) -> None:
    recent: Recent[int, int] = Recent(limit, lambda value: value)
    model: OrderedDict[int, int] = OrderedDict()
    for keeps, key, value in steps:
        if keeps:
            recent.keep(key, value)
            model.pop(key, None)
            if value <= limit:
                model[key] = value
            while sum(model.values()) > limit:
                model.popitem(last=False)
        else:
            assert recent.get(key) == model.get(key)
            if key in model:
                model.move_to_end(key)
    assert {key: recent.get(key) for key in range(4)} == {key: model.get(key) for key in range(4)}


def test_what_is_kept_again_weighs_once() -> None:
    recent: Recent[str, str] = Recent(4, len)
    for _ in range(3):
        recent.keep("a", "11")
    recent.keep("b", "22")
    assert [recent.get(key) for key in "ab"] == ["11", "22"]
