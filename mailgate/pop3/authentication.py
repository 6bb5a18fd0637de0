"""AUTH (RFC 5034): one exchange from the command to the credentials, or to the reply that ends it.

Whether the credentials are right is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mailgate.pop3.reply import Reply, negative
from mailgate.wire import sasl

# RFC 3206 section 5: [AUTH] is for wrong credentials alone, and in these cases there are none yet.
UNKNOWN_MECHANISM: Final = negative("mechanism not offered")
CANCELLED: Final = negative("authentication cancelled")
NOT_BASE64: Final = negative("the response is not base64")
NOT_A_RESPONSE: Final = negative("the response is not what the mechanism wants")
RESPONSE_TOO_LONG: Final = negative("the response is longer than {octets} octets", octets=sasl.MAX_LINE_OCTETS)

Answer = Reply | sasl.Credentials  # a challenge, a refusal, or what the client says it is


class Exchange:
    """The dialogue of one mechanism. After a refusal, or credentials, it is over."""

    def __init__(self, mechanism: sasl.Mechanism) -> None:
        self._mechanism = mechanism

    def begin(self, initial: bytes | None) -> Answer:
        """Answer AUTH, with its initial response in base64 (None: there was none; `=`: it was empty)."""
        return self._step(None) if initial is None else self._take(initial, sasl.decode_initial)

    def go_on(self, line: bytes | None) -> Answer:
        """Answer the client's response to a challenge (None: it was too long)."""
        if line is None:
            return RESPONSE_TOO_LONG
        if line == b"*":  # RFC 5034 section 4: the client cancels, and hears -ERR
            return CANCELLED
        return self._take(line, sasl.decode)

    def _take(self, line: bytes, decode: Callable[[bytes], bytes]) -> Answer:
        try:
            response = decode(line)
        except sasl.SASLError:
            return NOT_BASE64  # RFC 5034 section 4
        return self._step(response)

    def _step(self, response: bytes | None) -> Answer:
        try:
            answer = self._mechanism.step(response)
        except sasl.SASLError:
            return NOT_A_RESPONSE
        if isinstance(answer, sasl.Challenge):
            return Reply(True, "", challenge=sasl.encode(answer).decode())
        return answer


def begin_exchange(
    name: str, mechanisms: Mapping[str, Callable[[], sasl.Mechanism]] = sasl.MECHANISMS
) -> Exchange | None:
    """An exchange by the mechanism of that name, in upper case; None if there is none."""
    make = mechanisms.get(name)
    return None if make is None else Exchange(make())
