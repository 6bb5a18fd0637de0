"""A mail server for tests: wait for the message, never sleep.

With pytest there is nothing to configure, the fixture `mailgate` is there:

    import smtplib

    def test_welcome(mailgate):
        to = mailgate.address("alice")                     # unique to this test
        with smtplib.SMTP(mailgate.smtp.host, mailgate.smtp.port) as smtp:
            smtp.sendmail("app@example.test", [to], "Subject: Welcome\\n\\nYour code is 123456\\n")
        message = mailgate.wait_for(to=to, subject="Welcome", timeout=5)
        assert message.otp() == "123456"

Everywhere else `Gateway` starts a server of its own, and has the same methods:

    from mailgate.testing import Gateway, Message

    with Gateway() as gateway:
        message: Message = gateway.wait_for(to=gateway.address("alice"))

What can be asked for is in `Namespace`; `gateway.py` shows unittest and trial, `in_reactor.py` is for tests that run
in a reactor of their own. The names below are loaded when they are first used: pytest imports this package in every
run, and the server process as well.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mailgate.control.caller import CallFailed, GatewayGone
    from mailgate.testing.conversation import Conversation
    from mailgate.testing.faults import Action, Fault, Personality
    from mailgate.testing.gateway import Gateway
    from mailgate.testing.in_reactor import GatewayService
    from mailgate.testing.listener import Listener
    from mailgate.testing.message import Envelope, Message
    from mailgate.testing.namespace import Namespace
    from mailgate.testing.no_mail import NoMail, UnexpectedMail
    from mailgate.testing.process import CannotStart

__all__ = [
    "Action",
    "CallFailed",
    "CannotStart",
    "Conversation",
    "Envelope",
    "Fault",
    "Gateway",
    "GatewayGone",
    "GatewayService",
    "Listener",
    "Message",
    "Namespace",
    "NoMail",
    "Personality",
    "UnexpectedMail",
]

_HOMES: Final = {
    "Action": "mailgate.testing.faults",
    "CallFailed": "mailgate.control.caller",
    "CannotStart": "mailgate.testing.process",
    "Conversation": "mailgate.testing.conversation",
    "Envelope": "mailgate.testing.message",
    "Fault": "mailgate.testing.faults",
    "Gateway": "mailgate.testing.gateway",
    "GatewayGone": "mailgate.control.caller",
    "GatewayService": "mailgate.testing.in_reactor",
    "Listener": "mailgate.testing.listener",
    "Message": "mailgate.testing.message",
    "Namespace": "mailgate.testing.namespace",
    "NoMail": "mailgate.testing.no_mail",
    "Personality": "mailgate.testing.faults",
    "UnexpectedMail": "mailgate.testing.no_mail",
}

if not TYPE_CHECKING:  # pragma: no branch (a type checker shall complain of a name that is not there)

    def __getattr__(name):
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
