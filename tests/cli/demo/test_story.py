"""The first letter is told in full, the others in short; what failed is told in full and loudly."""

from __future__ import annotations

import pytest
from attrs import evolve

from mailgate.cli.demo.journey import Got, Kept, Sent
from mailgate.cli.demo.letters import letters
from mailgate.cli.demo.proof import compare
from mailgate.cli.demo.screen import Screen
from mailgate.cli.demo.story import Ending, Story
from mailgate.cli.demo.transcript import Line, Sealed, Transcript
from mailgate.facts import Handled

LETTER = letters()[-1]
TALK = (
    Line("server", b"220 hello"),
    Line("client", b"data"),
    Line("server", b"354 go"),
    Line("client", b"."),
    Line("server", b"250 ok"),
    Line("client", b"QUIT"),
    Line("server", b"221 bye"),
)
HANDLED = Handled(message="1", handler="guard", result="passed", detail="", seconds=0.0)
REFUSED = evolve(HANDLED, result="refused", detail="554 no")
SENT = Sent(Transcript(TALK), (HANDLED,), ("/mail/a",))
KEPT = Kept("/mail/example.test/emil/new/1", 1234, (b"one", b"two", b"three", b"four", b"five"))
GOT = Got(Transcript((Line("client", b"RETR 1"), Line("server", b"+OK"), Line("client", b"QUIT"))), LETTER.content)
PROOF = compare(LETTER.content, LETTER.content, ())
GOOD = Ending(letter=LETTER, sent=SENT, kept=KEPT, got=GOT, proof=PROOF)
BAD = Ending(letter=LETTER, sent=evolve(SENT, handled=(REFUSED,)), trouble="refused")


@pytest.fixture
def story() -> Story:
    return Story(Screen(), "/mail", 2)


def test_the_first_in_full(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    story.open()
    story.letter(LETTER)
    story.sent(LETTER, SENT)
    story.kept(KEPT)
    story.got(LETTER, GOT)
    story.proof(PROOF)
    out = capsys.readouterr().out
    for text in (
        "The server keeps the mail in /mail\n",
        f"1 of 2: {LETTER.title} ",
        "In, by SMTP\n",
        "220 hello\n",
        "221 bye\n",
        "guard passed\n",
        "1,234 octets in example.test/emil/new/1\n",
        "four\n",
        "RETR 1\n",
        "intact    2,870,285 octets came back",
    ):
        assert text in out
    assert "five" not in out


def test_the_others_in_short(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    story.letter(LETTER)
    story.letter(LETTER)
    story.sent(LETTER, SENT)
    story.kept(KEPT)
    out = capsys.readouterr().out
    assert "354 go\n" in out and "guard passed\n" in out
    assert "220 hello" not in out and "221 bye" not in out and "by SMTP" not in out and "four" not in out


def test_trouble_in_full(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    story.letter(LETTER)
    story.letter(LETTER)
    story.sent(LETTER, evolve(SENT, handled=(REFUSED,), trouble="refused"))
    story.trouble(LETTER, "it was refused")
    captured = capsys.readouterr()
    assert "220 hello" in captured.out and "guard refused (554 no)" in captured.out
    assert captured.err == f"{LETTER.title}: it was refused\n"


def test_tls(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    story.letter(LETTER)
    story.sent(LETTER, evolve(SENT, transcript=Transcript(TALK[:1], Sealed(1, 2, b"\x16"))))
    assert "1 octets from smtplib, 2 from mailgate" in capsys.readouterr().out


def test_no_proof_no_praise(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    story.letter(LETTER)
    capsys.readouterr()
    story.proof(compare(b"a", b"b", ()))
    assert capsys.readouterr().out == ""


def test_the_sum_when_all_is_well(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    story.close([GOOD, GOOD], kept=False)
    captured = capsys.readouterr()
    assert "All 2 messages came back" in captured.out and "The mail is gone" in captured.out
    assert captured.err == ""


def test_the_sum_when_not_all_is_well(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    story.close([GOOD, BAD], kept=True)
    captured = capsys.readouterr()
    assert "All 2" not in captured.out and "The mail is still in /mail" in captured.out
    assert "guard refused" in captured.out
    assert captured.err.startswith("FAILED: 1 of 2 messages")


@pytest.mark.parametrize("lacking", [{"proof": None}, {"trouble": "some"}, {"proof": compare(b"a", b"b", ())}])
def test_good_is_only_what_is_proven(lacking: dict[str, object]) -> None:
    assert GOOD.is_good
    assert not evolve(GOOD, **lacking).is_good  # type: ignore[arg-type]
