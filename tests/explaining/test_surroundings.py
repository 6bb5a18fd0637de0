"""What is not said of a gateway is as it is by default."""

from __future__ import annotations

from pathlib import Path

from mailgate.config import Config
from tests.explaining.support import House


def test_the_defaults_are_those_of_the_configuration(tmp_path: Path) -> None:
    to, config = House(tmp_path).surroundings(), Config()
    assert (to.max_message_octets, to.max_line_octets, to.max_hops, to.judges_seconds) == (
        config.smtp.max_message,
        config.limits.line,
        config.limits.hops,
        config.handlers_timeout,
    )
    limits = to.limits
    assert (limits.connections, limits.connections_per_client, limits.connections_per_minute) == (
        config.limits.connections,
        config.limits.connections_per_client,
        config.limits.connections_per_minute,
    )
    assert limits.exempt.networks == config.limits.exempt
    assert to.has_room() and not to.permanent and not to.relays
