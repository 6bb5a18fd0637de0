"""What `--check` asks: would a gateway of this configuration come up, and if not, what is all that is wrong?"""

from __future__ import annotations

from mailgate.config import Config
from mailgate.faults import Fault
from mailgate.service.front import BadSteps, steps
from mailgate.tls import BadCertificate, ServerCertificate


def inspect(config: Config) -> tuple[Fault, ...]:
    """Every fault of what the configuration leads to: certificate and handlers. Opens no port, writes nothing."""
    return (*_certificate_faults(config), *_handler_faults(config))


def _certificate_faults(config: Config) -> tuple[Fault, ...]:
    if not config.tls.is_configured:
        return ()
    try:
        ServerCertificate(config.tls.certificate, config.tls.key).load()
    except BadCertificate as error:
        return (error.fault,)
    return ()


def _handler_faults(config: Config) -> tuple[Fault, ...]:
    try:
        steps(config)
    except BadSteps as error:
        return error.faults
    return ()
