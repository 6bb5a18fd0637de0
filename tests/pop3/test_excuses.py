"""Trouble has a response code, and says nothing of itself."""

from __future__ import annotations

import pytest

from mailgate.failures import Gone, InUse, LockLost, StoreError, StoreFull, TooSoon, Unrepaired
from mailgate.pop3.excuses import excuse, not_removed


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InUse, "IN-USE"),
        (TooSoon, "LOGIN-DELAY"),
        (Unrepaired, "SYS/PERM"),
        (StoreError, "SYS/TEMP"),
        (StoreFull, "SYS/TEMP"),
        (LockLost, "SYS/TEMP"),
        (Gone, "SYS/TEMP"),
    ],
)
def test_what_kind_of_trouble_it_is(error: type[StoreError], code: str) -> None:
    class Particular(error):  # type: ignore[misc, valid-type]
        pass

    for kind in (error, Particular):
        reply = excuse(kind("secret detail"))
        assert (reply.ok, reply.code, reply.close) == (False, code, False)
        assert "secret" not in str(reply)


def test_what_could_not_be_removed_is_counted() -> None:
    assert str(not_removed(1)) == "-ERR [SYS/TEMP] 1 message not removed"
    assert str(not_removed(2)) == "-ERR [SYS/TEMP] 2 messages not removed"
