"""What a host says of itself in its answer to EHLO (RFC 5321 4.1.1.1)."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from mailgate.mail import Reply


@frozen
class Extensions:
    """The service extensions that a host offers: parameters by keyword, in upper case."""

    keywords: Mapping[str, str] = field(factory=dict)

    @classmethod
    def read(cls, reply: Reply) -> Extensions:
        """From the lines behind the first, which has the host's name."""
        lines = (line.strip().partition(" ") for line in reply.text.split("\n")[1:])
        return cls({keyword.upper(): parameters.upper() for keyword, _, parameters in lines if keyword})

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.keywords

    @property
    def mechanisms(self) -> frozenset[str]:
        """How one may log in (RFC 4954 3)."""
        return frozenset(self.keywords.get("AUTH", "").split())


def name_of(reply: Reply) -> str:
    """What the host calls itself in a greeting or in its answer to EHLO: the first word, in lower case."""
    return reply.text.partition("\n")[0].strip().partition(" ")[0].lower().rstrip(".")
