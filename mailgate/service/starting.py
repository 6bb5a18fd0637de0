"""Why a gateway cannot come up, in the words of whoever runs it: which key of the configuration to look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from twisted.internet.error import CannotListenError

from mailgate.faults import Fault
from mailgate.service.front import CannotBuild
from mailgate.service.ports import CannotListen
from mailgate.service.state import StateError
from mailgate.service.token import BadToken
from mailgate.tls import BadCertificate


class CannotStart(Exception):
    """The gateway cannot come up; `faults` say why."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@contextmanager
def as_cannot_start() -> Iterator[None]:
    """Turn what a part of the gateway cannot do without into `CannotStart`. Any other error is a mistake of ours."""
    try:
        yield
    except (BadCertificate, CannotBuild) as error:
        raise CannotStart(*error.faults) from error
    except CannotListen as error:
        raise CannotStart(error.fault) from error
    except StateError as error:
        raise CannotStart(Fault("state", str(error))) from error
    except BadToken as error:
        raise CannotStart(Fault("http.token", str(error))) from error
    except CannotListenError as error:  # of the control socket: a listener's is a CannotListen
        raise CannotStart(Fault("state", f"no socket can be opened there: {error.socketError}")) from error
