"""What a throttle raises is neither a wrong password nor a trouble of the store."""

from __future__ import annotations

from twisted.cred.error import LoginFailed

from mailgate.failures import StoreError
from mailgate.limits.throttled import Throttled


def test_it_is_like_nothing_else() -> None:
    assert not issubclass(Throttled, (LoginFailed, StoreError))
    assert str(Throttled("why")) == "why"
