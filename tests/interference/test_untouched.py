"""Nobody else is struck."""

from __future__ import annotations

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate.interference import Rules, interfered, parse_rule
from mailgate.interference.phases import PHASES
from tests.interference.support import AUTH_PLAIN, CONTENT, HELLO, MAIL, Client, Server, chunk, login, plain, rcpt
from tests.smtp.support import submission

words = st.sampled_from(
    [
        HELLO,
        b"HELO x\r\n",
        MAIL,
        b"MAIL FROM:<>\r\n",
        rcpt("dev@corp.test"),
        rcpt("carol@t2.example.test"),
        b"DATA\r\n",
        CONTENT,
        chunk(b"Subject: x\r\n\r\n"),
        chunk(b"y\r\n", " LAST"),
        AUTH_PLAIN + plain("carol@t2.example.test") + b"\r\n",
        b"AUTH LOGIN\r\n",
        base64.b64encode(b"carol") + b"\r\n",
        b"RSET\r\n",
        b"NOOP\r\n",
        b"STARTTLS nonsense\r\n",
        b"FAULT\r\n",
        b"QUIT\r\n",
    ]
)
pop3_words = st.sampled_from(
    [
        b"CAPA\r\n",
        login("carol@t2.example.test"),
        login("carol"),
        b"AUTH LOGIN\r\n",
        base64.b64encode(b"carol") + b"\r\n",
        *(f"{each}\r\n".encode() for each in ("STAT", "LIST", "UIDL 1", "TOP 1 1", "RETR 1", "RETR 9", "DELE 1")),
        b"FAULT\r\n",
        b"RSET\r\n",
        b"QUIT\r\n",
    ]
)
BADLY: list[dict[str, object]] = [
    {"drop": True},
    {"delay": 1},
    {"slow": 1},
    {"drop_after_octets": 1},
    {"sequence": [{}]},
]


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    """Of a namespace, and of everybody's addresses: none of those that are spoken of."""
    drawn = Rules()
    for _ in range(draw(st.integers(1, 6))):
        spoken_at = [(protocol, at) for protocol, phases in PHASES.items() for at, known in phases.items() if known]
        protocol, at = draw(st.sampled_from(spoken_at))
        namespace, domain = draw(st.sampled_from([("t1", "t1.example.test"), ("", "corp.test")]))
        named: dict[str, object] = {PHASES[protocol][at][0]: f"nobody@{domain}"}
        if namespace and at != "mail" and draw(st.booleans()):
            named = {}
        refusal = "-ERR no" if protocol == "pop3" else "451 no"
        action: dict[str, object] = draw(st.sampled_from([{"reply": refusal}, *BADLY]))
        drawn.add(parse_rule({"protocol": protocol, "at": at, **named, **action}), namespace)
    return drawn


@settings(max_examples=150)
@given(rules(), st.lists(words, max_size=14), st.lists(pop3_words, max_size=10), st.integers(1, 60))
def test_nobody_else_notices(drawn: Rules, smtp: list[bytes], pop3: list[bytes], size: int) -> None:
    """Whatever rules there are: a session that names nobody of theirs is the same, octet for octet."""
    heard, mail = [], []
    for with_faults in (True, False):
        server = Server(smtp=submission(auth_required=False, any_sender=True))
        server.put("carol@t2.example.test", b"Subject: hi\n\n.dot\n")
        doors = {"smtp": server.smtp_door(), "pop3": server.pop3_door()}
        if with_faults:
            doors["smtp"] = interfered(doors["smtp"], "smtp", drawn, [], server.clock)
            doors["pop3"] = interfered(doors["pop3"], "pop3", drawn, [], server.clock)
        for protocol, said in (("smtp", smtp), ("pop3", pop3)):
            heard.append(spoken(Client(server.factory(doors[protocol])), server, b"".join(said), size))
        mail.append((server.count("dev@corp.test"), server.count("carol@t2.example.test"), len(server.facts.told)))
    assert (heard[:2], mail[0]) == (heard[2:], mail[1])
    assert all(rule["hits"] == 0 for name in ("t1", "") for rule in drawn.list(name))


def spoken(client: Client, server: Server, said: bytes, size: int) -> tuple[bytes, bool]:
    heard = client.heard()
    for start in range(0, len(said), size):
        heard += client.say(said[start : start + size])
        server.clock.advance(0)
    closed = client.is_closed
    client.lose()
    return heard, closed
