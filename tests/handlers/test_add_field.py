"""The handler that adds a fixed field."""

from __future__ import annotations

import pytest
from zope.interface.verify import verifyObject

from mailgate.handlers.add_field import AddField
from mailgate.interfaces import IMessageHandler
from mailgate.mail import Field, Verdict
from tests.support import a_message


def test_it_adds_its_field_to_every_message() -> None:
    handler = AddField("X-Checked", "yes")
    assert verifyObject(IMessageHandler, handler)
    for _ in range(2):
        assert handler.handle(a_message()) == Verdict(fields=(Field("X-Checked", "yes"),))


@pytest.mark.parametrize(("name", "value"), [("X Checked", "yes"), ("X-Checked", "yes\nBcc: all")])
def test_what_cannot_stand_in_a_header_is_told_at_start(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"field name|value of"):
        AddField(name, value)
