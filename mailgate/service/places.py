"""Where a gateway can be reached, for programs: a name a listener."""

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
    """For JSON. Of several listeners with one name the first; the host of a UNIX socket is its path, its port 0."""
    ports: dict[str, Any] = {}
    for port in listening:
        ports.setdefault(NAMES[port.key], {"host": port.host, "port": port.port})
    return {
        "version": __version__,
        "pid": os.getpid(),
        "ports": ports,
        "ca_file": config.tls.certificate,
        "control": control_socket(config),
    }
