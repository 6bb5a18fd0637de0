"""The values that are given out, for programs and for people."""

from __future__ import annotations

import json

from mailgate.conversations import Conversation, Line

LINES = (
    Line(1_700_000_000.0, "server", "220 mx.example.test"),
    Line(1_700_000_000.5, "client", "EHLO client"),
    Line(1_700_000_001.0, "server", ""),
    Line(1_700_000_002.0, "", "closed by the gateway"),
)
CONVERSATION = Conversation(
    7, "smtp", "192.0.2.1", 4321, 1_700_000_000.0, 1_700_000_002.0, "TLSv1.3 TLS_AES_256_GCM_SHA384", LINES
)


def test_as_text() -> None:
    assert CONVERSATION.as_text() == "\n".join(
        [
            "SMTP session 7, 192.0.2.1 port 4321, 2023-11-14 22:13:20.000+00:00",
            "S: 220 mx.example.test",
            "C: EHLO client",
            "S:",
            "-- closed by the gateway",
        ]
    )


def test_as_json() -> None:
    value = json.loads(json.dumps(CONVERSATION.as_json()))
    assert value == {
        "number": 7,
        "protocol": "smtp",
        "client": "192.0.2.1",
        "port": 4321,
        "at": 1_700_000_000.0,
        "ended": 1_700_000_002.0,
        "tls": "TLSv1.3 TLS_AES_256_GCM_SHA384",
        "lines": [
            {"at": 1_700_000_000.0, "from": "server", "text": "220 mx.example.test"},
            {"at": 1_700_000_000.5, "from": "client", "text": "EHLO client"},
            {"at": 1_700_000_001.0, "from": "server", "text": ""},
            {"at": 1_700_000_002.0, "from": "", "text": "closed by the gateway"},
        ],
    }
