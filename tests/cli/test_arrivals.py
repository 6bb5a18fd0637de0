"""Messages as `mailgate wait` prints them; how they are asked for is in test_wait."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.cli.arrivals import arrived_instead, line_of


@given(st.text(), st.text(), st.lists(st.text()), st.text())
def test_a_message_is_a_line_of_four_columns(name: str, sender: str, recipients: list[str], subject: str) -> None:
    line = line_of({"id": name, "sender": sender, "recipients": recipients, "subject": subject})
    assert line.count("\t") == 3 and line.replace("\t", "").isprintable()


def test_what_arrived_instead() -> None:
    assert list(arrived_instead([])) == ["nothing has arrived there"]
    message = {"id": "m1", "sender": "", "recipients": ["a@b", "c@d"], "subject": "Grüße"}
    assert list(arrived_instead([message])) == ["this has arrived there:", "  m1\t<>\ta@b, c@d\tGrüße"]
