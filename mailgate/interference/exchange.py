"""Who logs in: AUTH followed from outside, up to the credentials. Whether they are right is not known here."""

from __future__ import annotations

from mailgate.wire import sasl


class Exchange:
    """The last AUTH of a session."""

    def __init__(self) -> None:
        self._mechanism: sasl.Mechanism | None = None
        self.name: str | None = None  # once the client has said all; None: it has not, or said what cannot be

    def begin(self, mechanism: str, initial: bytes | None) -> None:
        """AUTH has come, with its initial response as it stood on the line."""
        make = sasl.MECHANISMS.get(mechanism)
        self._mechanism, self.name = (make() if make is not None else None), None
        try:
            self._step(None if initial is None else sasl.decode_initial(initial))
        except sasl.SASLError:
            self._mechanism = None

    def go_on(self, line: bytes | None) -> None:
        """A response has come; None: it was too long."""
        try:
            self._step(sasl.decode(line or b"*"))  # neither is base64: the exchange is over
        except sasl.SASLError:
            self._mechanism = None

    def _step(self, response: bytes | None) -> None:
        if self._mechanism is None:
            return
        answer = self._mechanism.step(response)
        if isinstance(answer, sasl.Credentials):
            self._mechanism, self.name = None, answer.authentication
