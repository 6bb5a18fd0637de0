"""What is said, for eyes."""

from __future__ import annotations

from mailgate.cli.init import telling
from mailgate.cli.init.pieces import Content, Piece
from mailgate.cli.init.writing import Survey

DIRECTORY = Piece("/srv/mail", 0o750, "mailgate", "mailgate")
CONTENT = Content("one\ntwo\n", lambda: b"secret", lambda there: False)
FILE = Piece("/srv/mail/it's", 0o600, "root", "mailgate", CONTENT)


def test_a_paragraph_breaks_at_blanks_alone() -> None:
    long = "/a/path-that/is-longer/than-a/line-of/a-terminal/and-has/many-dashes/and/must-stay/whole-all-the-same"
    lines = telling.paragraph(f"some words {long} and others").splitlines()
    assert any(line.strip() == long for line in lines)
    assert all(line.startswith("   ") for line in lines)


def test_what_was_made() -> None:
    assert list(telling.made(Survey([DIRECTORY, FILE], [], []))) == [
        "Made:",
        "   0750 mailgate:mailgate /srv/mail/",
        "   0600 root:mailgate     /srv/mail/it's",
    ]
    assert list(telling.made(Survey([], [DIRECTORY], []))) == ["Exists already, and is left as it is:", "   /srv/mail/"]


def test_what_would_be_made() -> None:
    lines = list(telling.rehearsal(Survey([FILE], [], [(DIRECTORY, "exists and is no directory")])))
    assert lines[0].startswith("Nothing is made")
    assert lines[-3:] == ["---- /srv/mail/it's (0600 root:mailgate)", "one", "two"]
    assert "secret" not in "".join(lines)
    assert any("all of it exists already" in line for line in telling.rehearsal(Survey([], [DIRECTORY], [])))


def test_what_is_in_the_way_is_listed_whole() -> None:
    lines = list(telling.obstacles(Survey([], [], [(FILE, "is there"), (DIRECTORY, "is odd")])))
    assert lines[1:5] == ["   /srv/mail/it's", "     is there", "   /srv/mail/", "     is odd"]
    assert "overwrites nothing" in lines[5]


def test_a_place_that_is_closed_is_told_once() -> None:
    lines = list(telling.obstacles(Survey([FILE, DIRECTORY], [], [(FILE, "is there")], "/root")))
    assert " ".join("\n".join(lines).split()) == (
        "Nothing was made. /root is not yours to read and to write in: choose another --directory, or run this as root."
    )


def test_other_modes_come_with_a_line_to_paste() -> None:
    what, command = telling.unlike([(FILE, "0644 root:root")])
    assert what == "/srv/mail/it's is 0644 root:root, and should be 0600 root:mailgate:"
    assert command == "   chown root:mailgate '/srv/mail/it'\"'\"'s'; chmod 0600 '/srv/mail/it'\"'\"'s'"
