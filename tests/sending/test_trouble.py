"""How the smarthost's words are passed on."""

from __future__ import annotations

import pytest

from mailgate.mail import Reply
from mailgate.sending.trouble import BROKEN, Trouble, passed_on


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (Reply(250, "2.0.0", "queued"), Reply(250, "2.0.0", "queued")),
        (Reply(554, "5.7.1", "no"), Reply(554, "5.7.1", "no")),
        (Reply(452, "", "full"), Reply(452, "4.0.0", "full")),
        (Reply(550, "", ""), Reply(550, "5.0.0", "The next mail server gives no reason")),
        (Reply(421, "4.3.2", "closing"), Reply(451, "4.3.2", "closing")),
        (Reply(421, "", "closing"), Reply(451, "4.0.0", "closing")),
        (Reply(554, "5.7.1", "two\nlines"), Reply(554, "5.7.1", "two lines")),
        (Reply(554, "5.7.1", "\x1b[31m\u2028é"), Reply(554, "5.7.1", "?[31m??")),
    ],
)
def test_replies_are_passed_on(said: Reply, heard: Reply) -> None:
    assert passed_on(said) == heard


def test_what_it_is_about() -> None:
    assert passed_on(Reply(550, "5.1.1", "who?"), "bób@example.org").text == "<b?b@example.org>: who?"


def test_the_text_is_not_cut_before_secrets_are_out_of_it() -> None:
    assert len(passed_on(Reply(550, "5.1.1", "x" * 10_000)).text) == 10_000


def test_trouble_has_a_reply_and_a_reason() -> None:
    trouble = Trouble(BROKEN, "it broke")
    assert (trouble.reply, trouble.reason, str(trouble)) == (BROKEN, "it broke", "it broke")
