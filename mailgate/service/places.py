"""Where a gateway can be reached, for programs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, Final

from mailgate import __version__
from mailgate.config import Config
from mailgate.service.ports import Listening

NAMES: Final[Mapping[str, str]] = {
    "smtp.listen": "smtp",
    "submission.listen": "submission",
    "submission.listen_tls": "submissions",
    "lmtp.listen": "lmtp",
    "pop3.listen": "pop3",
    "pop3.listen_tls": "pop3s",
    "http.listen": "http",
}
CONTROL: Final = "control.sock"


def control_socket(config: Config) -> str:
    """The path of the control socket."""
    return os.path.join(config.state, CONTROL)


def places(config: Config, listening: Iterable[Listening]) -> dict[str, Any]:
    """For JSON. `listeners` are all, in the order in which they were opened, that of the configuration; `ports` is of
    each name the first. The host of a UNIX socket is its path, its port 0.
    """
    listeners: list[dict[str, Any]] = [
        {"listener": port.key, "name": NAMES[port.key], "host": port.host, "port": port.port} for port in listening
    ]
    ports: dict[str, Any] = {}
    for each in listeners:
        ports.setdefault(each["name"], {"host": each["host"], "port": each["port"]})
    return {
        "version": __version__,
        "pid": os.getpid(),
        "listeners": listeners,
        "ports": ports,
        "ca_file": config.tls.certificate,
        "control": control_socket(config),
    }
