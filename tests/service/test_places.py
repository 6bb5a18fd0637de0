"""Listeners and ports, by name."""

from __future__ import annotations

import json
import os

from mailgate import __version__
from mailgate.config import LISTENERS, TLS, Config
from mailgate.service.places import NAMES, places
from mailgate.service.ports import Listening


def test_every_listener_has_a_name() -> None:
    assert set(NAMES) == {f"{section}.{door}" for section, door in LISTENERS}
    assert len(set(NAMES.values())) == len(NAMES)


def test_places() -> None:
    config = Config(state="/run/x", tls=TLS(certificate="/run/x/cert.pem", key="/run/x/key.pem"))
    ports = [
        Listening("smtp.listen", "127.0.0.1", 2525),
        Listening("smtp.listen", "127.0.0.1", 40000),
        Listening("lmtp.listen", "/run/lmtp", 0),
    ]
    told = json.loads(json.dumps(places(config, ports)))
    assert told == {
        "version": __version__,
        "pid": os.getpid(),
        "listeners": [
            {"listener": "smtp.listen", "name": "smtp", "host": "127.0.0.1", "port": 2525},
            {"listener": "smtp.listen", "name": "smtp", "host": "127.0.0.1", "port": 40000},
            {"listener": "lmtp.listen", "name": "lmtp", "host": "/run/lmtp", "port": 0},
        ],
        "ports": {"smtp": {"host": "127.0.0.1", "port": 2525}, "lmtp": {"host": "/run/lmtp", "port": 0}},
        "ca_file": "/run/x/cert.pem",
        "control": "/run/x/control.sock",
    }
