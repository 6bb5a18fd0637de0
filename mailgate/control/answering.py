"""What both doors share: call a function by its name, and make octets of whatever comes of it.

Knows neither door, and not what the functions do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen
from twisted.internet.defer import CancelledError
from twisted.logger import Logger
from twisted.python.failure import Failure

from mailgate.control.calls import Arguments, CallError, Functions, Kind, Octets

CONTENT_TYPE: Final = "application/json"
MAX_NAME_CHARACTERS: Final = 80  # of what a client wrote, so much is repeated in an answer

log = Logger(namespace="mailgate.control")


@frozen
class Answer:
    """What a call came to: JSON text in ASCII, or a result that is `Octets`."""

    content: bytes | Octets
    kind: Kind | None = None  # of the error; None: it is a result


def refused(error: CallError) -> Answer:
    """The answer that tells of an error."""
    return Answer(_encoded(error.as_json()), error.kind)


def _encoded(value: Any) -> bytes:
    # RFC 8259 section 6: there is no NaN. In ASCII a text with half a surrogate pair goes out, too.
    return json.dumps(value, allow_nan=False).encode("ascii")


class Calls:
    """The functions, as a door calls them."""

    def __init__(self, functions: Functions, new_id: Callable[[], str]) -> None:
        """`new_id` gives the id under which the log has what was unexpected."""
        self._functions = functions
        self._new_id = new_id

    async def answer(self, name: str, values: Mapping[str, Any]) -> Answer:
        """Call a function. Raises nothing, cancelled or not."""
        try:
            return await self._answer(name, values)
        except CancelledError:
            # By the door, whose client has gone and never reads this; or by who owns what was waited for.
            return refused(CallError("unavailable", f"{name} was given up before it was done"))
        except Exception as error:  # noqa: BLE001 (whatever it is: the client has an answer, the log the rest)
            return self.failed(Failure(error), name)

    async def _answer(self, name: str, values: Mapping[str, Any]) -> Answer:
        try:
            function = self._functions.get(name)
            if function is None:
                raise CallError("missing", self._there_is_no(name))
            result = await function(Arguments(values))
        except CallError as error:
            return refused(error)
        return Answer(result if isinstance(result, Octets) else _encoded(result))

    def failed(self, failure: Failure, where: str) -> Answer:
        """The answer to what nobody expected. Its traceback goes to the log; the client learns the id alone."""
        failed = self._new_id()
        log.failure("error {error} in {where}", failure=failure, error=failed, where=where)
        return refused(CallError("failed", f"this failed on the server's side; its log has it as error {failed}"))

    def _there_is_no(self, name: str) -> str:
        offered = ", ".join(sorted(self._functions)) or "none"
        return f"this server has no call {name[:MAX_NAME_CHARACTERS]!r}; there are: {offered}"
