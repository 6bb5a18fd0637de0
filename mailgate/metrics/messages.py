"""Counts what becomes of mail on its way in: commands and messages refused and taken, handlers, deliveries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mailgate import facts
from mailgate.metrics.families import Counter, Family, Histogram

HANDLER_BOUNDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0)  # seconds
UNKNOWN: Final = "unknown"  # the listener of a fact that does not say
NO_CODE: Final = "none"  # the class of a reply that does not begin with a code of RFC 5321 section 4.2
_CLASSES: Final = {"2": "2xx", "3": "3xx", "4": "4xx", "5": "5xx"}


class Messages:
    """`reads` says what to call for which fact."""

    def __init__(self) -> None:
        self.messages = Counter(
            "mailgate_messages_total",
            "Messages answered after their content had come: accepted, discarded or refused. By LMTP each recipient "
            "that is refused counts.",
            "listener",
            "result",
            "code",
        )
        self.recipients = Counter("mailgate_recipients_total", "Recipients of messages that were taken.", "listener")
        self.octets = Counter("mailgate_message_bytes_total", "Content of messages that were taken.", "listener")
        self.unsent = Counter(
            "mailgate_replies_not_sent_total", "Messages taken whose client had gone and does not know.", "listener"
        )
        self.abandoned = Counter(
            "mailgate_messages_abandoned_total",
            "Transactions that ended before their message was answered, by how far they had come and why.",
            "listener",
            "phase",
            "reason",
        )
        self.commands = Counter(
            "mailgate_commands_refused_total",
            "Clients (connect), greetings (helo), senders (mail) and recipients (rcpt) that were refused.",
            "listener",
            "phase",
            "code",
        )
        self.verdicts = Counter("mailgate_handler_verdicts_total", "What handlers said.", "handler", "result")
        self.handling = Histogram(
            "mailgate_handler_seconds", "How long handlers took over a message.", HANDLER_BOUNDS, "handler"
        )
        self.delivered = Counter("mailgate_deliveries_total", "Recipients whose copies are on stable storage.")
        self.copies = Counter("mailgate_copies_total", "Copies that were made for them.")
        self.undelivered = Counter("mailgate_deliveries_failed_total", "Deliveries that did not come about.")
        self.relayed = Counter(
            "mailgate_relayed_total", "Messages handed to the smarthost, by the class of what it said.", "code"
        )
        self.reads: Mapping[type[facts.Fact], Callable[[Any], None]] = {
            facts.Accepted: self._accepted,
            facts.MessageRefused: self._refused,
            facts.Abandoned: self._abandoned,
            facts.CommandRefused: self._command_refused,
            facts.Handled: self._handled,
            facts.Delivered: self._delivered,
            facts.NotDelivered: lambda fact: self.undelivered.add(),
            facts.Relayed: lambda fact: self.relayed.add((code_class(fact.reply),)),
            facts.NotRelayed: lambda fact: self.relayed.add((code_class(fact.reply),)),
        }

    @property
    def families(self) -> tuple[Family, ...]:
        """What there is to tell."""
        taken = (self.messages, self.recipients, self.octets, self.unsent, self.abandoned, self.commands)
        return (*taken, self.verdicts, self.handling, self.delivered, self.copies, self.undelivered, self.relayed)

    def _accepted(self, fact: facts.Accepted) -> None:
        listener = fact.listener or UNKNOWN
        self.messages.add((listener, "discarded" if fact.discarded else "accepted", "2xx"))
        self.recipients.add((listener,), len(fact.recipients))
        self.octets.add((listener,), fact.octets)
        if not fact.reply_sent:
            self.unsent.add((listener,))

    def _refused(self, fact: facts.MessageRefused) -> None:
        self.messages.add((fact.listener or UNKNOWN, "refused", code_class(fact.reply)))

    def _abandoned(self, fact: facts.Abandoned) -> None:
        self.abandoned.add((fact.listener or UNKNOWN, fact.phase, fact.reason))

    def _command_refused(self, fact: facts.CommandRefused) -> None:
        self.commands.add((fact.listener or UNKNOWN, fact.phase, code_class(fact.reply)))

    def _handled(self, fact: facts.Handled) -> None:
        self.verdicts.add((fact.handler, fact.result))
        self.handling.observe(fact.seconds, (fact.handler,))

    def _delivered(self, fact: facts.Delivered) -> None:
        self.delivered.add()
        self.copies.add((), len(fact.copies))


def code_class(reply: str) -> str:
    """Of "550 5.7.1 No" the class of its code: "5xx"."""
    return _CLASSES.get(reply[:1], NO_CODE)
