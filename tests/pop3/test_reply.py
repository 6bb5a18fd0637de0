"""A reply's first line, and what cannot be one."""

from __future__ import annotations

import pytest

from mailgate.pop3.reply import Reply, negative, positive


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        (positive("ready"), "+OK ready"),
        (positive("{count} {octets}", count=2, octets=320), "+OK 2 320"),
        (positive(""), "+OK"),
        (negative("no"), "-ERR no"),
        (negative("busy", code="IN-USE"), "-ERR [IN-USE] busy"),
        (negative("{what}", code="SYS/TEMP", what="disk"), "-ERR [SYS/TEMP] disk"),
        (negative("{name}", name="{evil} %s"), "-ERR {evil} %s"),
        (Reply(True, "", challenge="VXNlcm5hbWU6"), "+ VXNlcm5hbWU6"),  # RFC 5034 section 4
        (Reply(True, "", challenge=""), "+ "),
    ],
)
def test_the_first_line(reply: Reply, line: str) -> None:
    assert str(reply) == line


def test_a_value_cannot_end_the_line() -> None:
    assert str(negative("{what}", what="a\r\n+OK b\0")) == "-ERR a??+OK b?"


@pytest.mark.parametrize("text", ["[IN-USE] no", "a\r\nb", "a\0"])  # RFC 2449 section 6.4: "[" begins a code
def test_a_text_is_one_line_and_no_code(text: str) -> None:
    with pytest.raises(ValueError, match="text"):
        Reply(False, text)


@pytest.mark.parametrize("code", ["A B", "A]", "/", "A/", "\n"])
def test_a_code_is_as_the_rfc_has_it(code: str) -> None:
    with pytest.raises(ValueError, match="code"):
        Reply(False, "no", code)
