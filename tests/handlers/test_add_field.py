"""The handler that adds a fixed field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from mailgate.config import load
from mailgate.handlers.add_field import AddField
from mailgate.handlers.finding import make_handler
from mailgate.interfaces import IMessageHandler, IRehearsal
from mailgate.mail import Field, Verdict
from tests.support import a_message


def test_it_adds_its_field_to_every_message() -> None:
    handler = AddField("X-Checked", "yes")
    assert verifyObject(IMessageHandler, handler)
    for _ in range(2):
        assert handler.handle(a_message()) == Verdict(fields=(Field("X-Checked", "yes"),))


def test_a_rehearsal_says_what_would_be_added() -> None:
    handler = AddField("X-Checked", "yes")
    assert verifyObject(IRehearsal, handler)
    assert handler.rehearse(a_message()) == "adds X-Checked: yes"


def test_from_a_configuration(tmp_path: Path) -> None:
    file = tmp_path / "mailgate.toml"
    file.write_text('[[handler]]\nuse = "add-field"\nname = "mark"\nfield = "X-Checked"\nvalue = "yes"\n')
    (entry,) = load(str(file)).handler
    handler: Any = make_handler(entry.use, entry.options, "handler[1]")
    assert (entry.name, handler.handle(a_message())) == ("mark", Verdict(fields=(Field("X-Checked", "yes"),)))


@pytest.mark.parametrize(
    ("field", "value"), [("X Checked", "yes"), ("X-Checked", "yes\nBcc: all"), ("X-Checked", 1), (None, "yes")]
)
def test_what_cannot_stand_in_a_header_is_told_at_start(field: Any, value: Any) -> None:
    with pytest.raises(ValueError, match=r"field name|value of|text in quotes"):
        AddField(field, value)
