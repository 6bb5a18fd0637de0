"""A listener with faults: whose mail is struck, and in which order rules are asked."""

from __future__ import annotations

import pytest

from mailgate.facts import Disconnected
from mailgate.interference import Rules, interfered
from tests.interference.support import (
    ALICE,
    BIG,
    BOB,
    HELLO,
    MAIL,
    Client,
    Server,
    chunk,
    login,
    message,
    pop3_rule,
    rcpt,
    smtp_rule,
    transaction,
)
from tests.smtp.support import submission


def test_the_example() -> None:
    server = Server()
    server.add(smtp_rule("rcpt", to=ALICE, reply="451 4.3.0 Try later", times=2))
    for _ in range(2):
        client = server.smtp_client()
        assert client.say(MAIL + rcpt() + rcpt(BOB)).split(b"\r\n")[1:3] == [
            b"451 4.3.0 Try later",
            b"250 2.1.5 Recipient OK",
        ]
    assert server.smtp_client().say(message())[-30:].endswith(b"accepted\r\n")
    assert server.hits == [2]
    assert (server.count(), server.count(BOB)) == (1, 0)


def test_a_download_that_breaks_off_once() -> None:
    server = Server()
    server.put(content=BIG)
    server.add(pop3_rule("retr", user=ALICE, drop_after_octets=100_000, times=1))
    client = server.logged_in()
    heard = client.say(b"RETR 1\r\n")
    assert len(heard) == 100_000 and heard.startswith(b"+OK ") and client.is_closed
    client.lose()
    client = server.logged_in()
    assert client.say(b"RETR 1\r\n").endswith(b"0123456789\r\n.\r\n")
    other = server.logged_in(BOB)
    assert other.say(b"STAT\r\n") == b"+OK 0 0\r\n"


def test_a_slow_download_leaves_others_their_turn() -> None:
    server = Server()
    server.put()
    server.add(pop3_rule("retr", user=ALICE, slow=10))
    slow, quick = server.logged_in(), server.logged_in(BOB)
    assert slow.say(b"RETR 1\r\nSTAT\r\n") == b""
    assert quick.say(b"STAT\r\n") == b"+OK 0 0\r\n"
    server.clock.pump([0.1, 0.1])
    assert slow.heard() == b"+O"
    slow.lose()
    assert [call for call in server.clock.getDelayedCalls() if call.getTime() - server.clock.seconds() < 1] == []
    assert len(server.facts.of(Disconnected)) == 1
    assert server.logged_in().say(b"STAT\r\n").startswith(b"+OK 1 ")  # the maildrop is free again


def test_addresses_that_ask_for_it() -> None:
    server = Server()
    client = server.smtp_client()
    asking = "dot-451x2.alice@t1.example.test"
    codes = [client.say(message(asking)).splitlines()[-1][:3] for _ in range(3)]
    assert codes == [b"451", b"451", b"250"]
    assert server.count(asking) == 1
    assert client.say(MAIL + rcpt("rcpt-450.alice@t1.example.test")).splitlines()[-1].startswith(b"450 4.0.0 ")
    assert client.say(b"RSET\r\nMAIL FROM:<mail-451.app@t1.example.test>\r\n").splitlines()[-1][:3] == b"451"
    assert client.say(transaction("data-drop.bob@t1.example.test")).count(b"250 ") == 2
    assert client.is_closed


def test_maildrops_that_ask_for_it() -> None:
    server = Server()
    carol = "retr-drop9.carol@t1.example.test"
    server.put(carol)
    assert server.pop3_client().say(login("login-inuse.c@x.test")).endswith(b"-ERR [IN-USE] On demand\r\n")
    client = server.logged_in(carol)
    assert len(client.say(b"RETR 1\r\n")) == 9
    assert client.is_closed


def test_own_rules_come_first_and_are_shared_by_the_listener() -> None:
    server = Server()
    server.add(smtp_rule("rcpt", to=ALICE, reply="452 4.2.2 b", times=1))
    own = smtp_rule("rcpt", reply="451 4.3.0 a", times=2)
    factory = server.factory(interfered(server.smtp_door(), "smtp", server.rules, [own], server.clock))
    asking = "rcpt-550x1.x@t1.example.test"
    heard = []
    for to in (asking, ALICE, ALICE, ALICE, asking, asking):
        client = Client(factory)
        heard.append(client.say(HELLO + MAIL + rcpt(to)).splitlines()[-1][:3])
    assert heard == [b"451", b"451", b"452", b"250", b"550", b"250"]


def test_a_rule_at_the_wrong_listener() -> None:
    server = Server()
    with pytest.raises(ValueError, match="a fault of pop3 cannot be at a listener that speaks smtp"):
        interfered(server.smtp_door(), "smtp", Rules(), [pop3_rule("stat", drop=True)], server.clock)


def test_a_rate_limit() -> None:
    server = Server()
    own = smtp_rule("connect", per_second=2)
    factory = server.factory(interfered(server.smtp_door(), "smtp", server.rules, [own], server.clock))
    assert [Client(factory).heard()[:3] for _ in range(4)] == [b"220", b"220", b"421", b"421"]
    refused = Client(factory)
    assert refused.heard().startswith(b"421 4.7.0 ") and refused.is_closed
    server.clock.advance(1.0)
    assert [Client(factory).heard()[:3] for _ in range(3)] == [b"220", b"220", b"421"]


def test_tls_begins_when_the_last_octet_of_a_slow_reply_is_out() -> None:
    server = Server(smtp=submission(starttls=True))
    client = server.smtp_client(smtp_rule("starttls", slow=10))
    client.say(b"STARTTLS\r\n")
    begun: list[int] = []
    client.transport.startTLS = lambda _: begun.append(len(client.transport.value()))
    whole = len(b"220 2.0.0 Go ahead\r\n")
    for _ in range(whole):
        assert begun == []
        server.clock.advance(0.1)
    assert begun == [whole]


def test_a_cut_reply_keeps_the_message_from_being_delivered_also_where_it_is_chosen() -> None:
    server = Server()
    for reply in ("452 4.3.1 full", "250 2.0.0 fine"):
        client = server.smtp_client(smtp_rule("dot", reply=reply, drop_after_octets=100))
        heard = client.say(message())
        assert heard.endswith(b"452 4.3.1 full\r\n" if reply[0] == "4" else b"451 4.3.0 On demand\r\n")
        assert client.is_closed and server.count() == 0
    client = server.smtp_client(smtp_rule("data", drop_after_octets=1))  # in BDAT it comes with the last chunk
    client.say(MAIL + rcpt() + chunk(b"Subject: x\r\n\r\n", " LAST"))
    assert client.is_closed and server.count() == 0
