"""The limit of open files, in a system that the test makes up."""

from __future__ import annotations

import resource

import pytest

from mailgate.service.descriptors import make_room

INFINITY = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("limits", "after", "warns"),
    [
        ((1024, 4096), (2256, 4096), False),
        ((1024, 2000), (2000, 2000), True),  # not more than the system lets us
        ((1024, INFINITY), (2256, INFINITY), False),
        ((4096, 4096), (4096, 4096), False),  # never less than there is
        ((INFINITY, INFINITY), (INFINITY, INFINITY), False),
    ],
)
def test_as_many_as_the_system_lets_us(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], after: tuple[int, int], warns: bool
) -> None:
    now = [limits]
    monkeypatch.setattr(resource, "getrlimit", lambda kind: now[0])
    monkeypatch.setattr(resource, "setrlimit", lambda kind, new: now.__setitem__(0, new))
    warning = make_room(1000)
    assert now == [after]
    assert bool(warning) is warns
    if warns:
        assert "2000 open files" in warning and "need 2256" in warning and "LimitNOFILE" in warning
