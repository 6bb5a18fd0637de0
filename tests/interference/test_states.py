"""A refusal leaves the session where the client believes it: what comes next is as if nothing had been."""

from __future__ import annotations

import base64

import pytest

from mailgate.facts import Delivered
from mailgate.smtp.personality import Personality
from tests.interference.support import (
    ALICE,
    AUTH_PLAIN,
    BOB,
    CONTENT,
    HELLO,
    MAIL,
    SUBMISSION,
    Client,
    Server,
    chunk,
    login,
    message,
    plain,
    pop3_rule,
    rcpt,
    smtp_rule,
    transaction,
)
from tests.smtp.support import HOSTNAME

AUTH = AUTH_PLAIN + plain() + b"\r\n"


def test_a_refused_greeting_leaves_quit_alone() -> None:
    client = Server().smtp_stranger(smtp_rule("connect", reply="554 5.7.1 go away"))
    assert client.heard() == b"554 5.7.1 go away\r\n" and not client.is_closed
    assert client.say(HELLO)[:3] == b"503"
    assert client.say(b"QUIT\r\n")[:3] == b"221"


def test_after_a_refused_dot_the_next_message_is_the_next() -> None:
    server = Server()
    server.add(smtp_rule("dot", to=ALICE, reply="451", times=1))
    client = server.smtp_client()
    assert client.say(message(ALICE, BOB)).splitlines()[-1][:3] == b"451"
    assert (server.count(), server.count(BOB)) == (0, 0)
    assert client.say(message(BOB)).splitlines()[-1][:3] == b"250"
    assert (server.count(), server.count(BOB)) == (0, 1)
    assert client.say(rcpt())[:3] == b"503"


def test_refused_dots_use_up_no_patience() -> None:
    server = Server()
    server.add(smtp_rule("dot", reply="451"))
    client = server.smtp_client()
    for _ in range(150):
        client.say(message())
        server.clock.advance(0)
    assert client.say(message()).splitlines()[-1][:3] == b"451"


def test_after_a_refused_data_the_transaction_stands() -> None:
    server = Server()
    server.add(smtp_rule("data", reply="451", times=1))
    client = server.smtp_client()
    assert client.say(transaction()).splitlines()[-1][:3] == b"451"
    assert client.say(rcpt(BOB) + b"DATA\r\n" + CONTENT).splitlines()[-1][:3] == b"250"
    assert (server.count(), server.count(BOB)) == (1, 1)


def test_a_reply_that_closes() -> None:
    server = Server()
    server.add(smtp_rule("rcpt", reply="421 4.3.2 going down"))
    client = server.smtp_client()
    assert client.say(transaction()).splitlines()[1:] == [b"421 4.3.2 going down"]
    assert client.is_closed


def test_after_a_refused_login_another_may_come() -> None:
    server = Server()
    server.add(pop3_rule("login", user=ALICE, reply="-ERR [IN-USE] locked", times=3))
    client = server.pop3_client()
    client.heard()
    assert client.say(login()) == b"+OK send the password\r\n-ERR [IN-USE] locked\r\n"
    assert client.say(AUTH) == b"-ERR [IN-USE] locked\r\n"
    assert client.say(b"AUTH PLAIN\r\n") == b"+ \r\n"
    assert client.say(plain() + b"\r\n") == b"-ERR [IN-USE] locked\r\n"
    assert client.say(b"AUTH LOGIN\r\n").startswith(b"+ ")
    assert client.say(base64.b64encode(ALICE.encode()) + b"\r\n").startswith(b"+ ")
    assert client.say(base64.b64encode(b"secret") + b"\r\n") == b"+OK 0 messages (0 octets)\r\n"
    assert server.hits == [3]


def test_after_a_refused_smtp_login_another_may_come() -> None:
    server = Server(smtp=SUBMISSION)
    server.add(smtp_rule("auth", user=ALICE, reply="454 4.7.0 Later", times=1))
    client = server.smtp_client()
    client.say(b"AUTH PLAIN\r\n")
    assert client.say(plain() + b"\r\n") == b"454 4.7.0 Later\r\n"
    assert client.say(MAIL)[:3] == b"530"
    assert client.say(AUTH)[:3] == b"235"
    assert client.say(MAIL)[:3] == b"250"


def test_a_refused_quit_removes_nothing_and_updated_does() -> None:
    for at, left in (("quit", 1), ("updated", 0)):
        server = Server()
        server.put()
        server.add(pop3_rule(at, user=ALICE, reply="-ERR [SYS/TEMP] no"))
        client = server.logged_in()
        assert client.say(b"DELE 1\r\nQUIT\r\n").endswith(b"-ERR [SYS/TEMP] no\r\n")
        assert client.is_closed
        client.lose()
        assert server.count() == left
        assert server.logged_in().say(b"STAT\r\n").startswith(f"+OK {left} ".encode())


# BDAT (RFC 3030).


@pytest.mark.parametrize("at", ["data", "dot", "delivered"])
def test_one_chunk(at: str) -> None:
    server = Server()
    server.add(smtp_rule(at, reply="451 4.3.0 no", times=1))
    client = server.smtp_client()
    for code, count in ((b"451", int(at == "delivered")), (b"250", 1 + int(at == "delivered"))):
        heard = client.say(MAIL + rcpt() + chunk(b"Subject: x\r\n\r\nhello\r\n", " LAST"))
        assert heard.splitlines()[-1][:3] == code
        assert server.count() == count


def test_a_refused_first_chunk_takes_the_others_with_it() -> None:
    server = Server()
    server.add(smtp_rule("data", to=ALICE, reply="451 4.3.0 no", times=1))
    client = server.smtp_client()
    both = MAIL + rcpt() + chunk(b"Subject: x\r\n\r\n") + chunk(b"hello\r\n", " LAST")
    assert [line[:3] for line in client.say(both).splitlines()[-2:]] == [b"451", b"503"]
    assert [line[:3] for line in client.say(both).splitlines()[-2:]] == [b"250", b"250"]
    assert server.count() == 1
    assert server.hits == [1]


def test_a_refused_last_chunk() -> None:
    server = Server()
    server.add(smtp_rule("dot", to=ALICE, reply="451 4.3.0 no", times=1))
    client = server.smtp_client()
    both = MAIL + rcpt() + chunk(b"Subject: x\r\n\r\n") + chunk(b"hello\r\n", " LAST")
    assert [line[:3] for line in client.say(both).splitlines()[-2:]] == [b"250", b"451"]
    assert [line[:3] for line in client.say(both).splitlines()[-2:]] == [b"250", b"250"]


# LMTP (RFC 2033).

LMTP = Personality(hostname=HOSTNAME, listener="lmtp", lmtp=True)


def lmtp_client(server: Server) -> Client:
    client = server.smtp_stranger()
    client.say(b"LHLO client.example.org\r\n")
    return client


def test_lmtp_has_a_reply_for_each_recipient() -> None:
    server = Server(smtp=LMTP)
    server.add(smtp_rule("dot", to=ALICE, reply="451 4.3.0 no", times=1))
    server.add(smtp_rule("delivered", to=BOB, reply="452 4.3.0 no", times=1))
    client = lmtp_client(server)
    heard = [[line[:3] for line in client.say(message(ALICE, BOB)).splitlines()[4:]] for _ in range(3)]
    assert heard == [[b"451", b"451"], [b"250", b"452"], [b"250", b"250"]]
    assert (server.count(), server.count(BOB)) == (2, 2)


def test_lmtp_by_chunks() -> None:
    server = Server(smtp=LMTP)
    server.add(smtp_rule("data", to=ALICE, reply="451 4.3.0 no", times=1))
    client = lmtp_client(server)
    whole = MAIL + rcpt() + rcpt(BOB) + chunk(b"Subject: x\r\n\r\nhello\r\n", " LAST")
    assert [line[:3] for line in client.say(whole).splitlines()[3:]] == [b"451", b"451"]
    assert [line[:3] for line in client.say(whole).splitlines()[3:]] == [b"250", b"250"]
    assert client.say(MAIL + b"BDAT 0 LAST\r\n").splitlines()[1:] == []  # nobody, and no reply


def test_what_was_delivered_is_told_whatever_the_client_hears() -> None:
    server = Server()
    server.add(smtp_rule("delivered", to=ALICE, drop=True))
    server.smtp_client().say(message())
    assert server.facts.one(Delivered)
