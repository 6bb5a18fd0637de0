"""What the server says of itself when it is ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailgate.testing.places import Place


@dataclass(frozen=True)
class Ready:
    """A server that is ready: where it listens, whose certificate it shows, where it is called."""

    version: str
    pid: int
    ports: Mapping[str, Place]  # by smtp, submission, submissions, lmtp, pop3, pop3s, http
    ca_file: str
    control: str

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Ready:
        """The line that the server prints. Raises KeyError and TypeError if it is another."""
        ports = {name: Place.read(place) for name, place in told["ports"].items() if place}
        return cls(told["version"], told["pid"], ports, told["ca_file"], told["control"])

    def place(self, name: str) -> Place:
        """A port by its name. Raises LookupError if the server does not listen there."""
        if name not in self.ports:
            raise LookupError(f"the gateway has no port {name!r}; it has {', '.join(self.ports)}")
        return self.ports[name]
