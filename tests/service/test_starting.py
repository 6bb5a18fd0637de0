"""What keeps a gateway from coming up, as whoever runs it is told."""

from __future__ import annotations

import pytest
from twisted.internet.error import CannotListenError

from mailgate.faults import Fault
from mailgate.service.front import CannotBuild
from mailgate.service.ports import CannotListen
from mailgate.service.starting import CannotStart, as_cannot_start
from mailgate.service.state import StateError
from mailgate.service.token import BadToken
from mailgate.tls import BadCertificate

FAULT = Fault("key", "is wrong", "right it")
OTHER = Fault("other.key", "is wrong, too")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (BadCertificate(FAULT, OTHER), "key: is wrong (right it)\nother.key: is wrong, too"),
        (CannotBuild([FAULT]), "key: is wrong (right it)"),
        (CannotListen(FAULT), "key: is wrong (right it)"),
        (StateError("cannot be used"), "state: cannot be used"),
        (BadToken("is short"), "http.token: is short"),
        (
            CannotListenError(None, "/x/control.sock", OSError("too long")),
            "state: no socket can be opened there: too long",
        ),
    ],
)
def test_whatever_it_is_a_key_is_named(error: Exception, told: str) -> None:
    with pytest.raises(CannotStart) as caught, as_cannot_start():
        raise error
    assert str(caught.value) == told
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [ZeroDivisionError(), PermissionError(13, "not permitted", "/somewhere")])
def test_of_anything_else_nobody_knows_which_key_it_is(error: Exception) -> None:
    with pytest.raises(type(error)), as_cannot_start():
        raise error


def test_nothing_happens_where_nothing_is_wrong() -> None:
    with as_cannot_start():
        pass
