"""How long it takes from the last octets of a message, on the client's side, until a test has it in its hands.

The clock runs from the call that hands them to the kernel. Header, text and final dot go in one piece, as smtplib sends
them: of two small ones the kernel would hold the second back until the first is acknowledged, some 40 ms later.
"""

from __future__ import annotations

import smtplib
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from mailgate.testing import Namespace

WAIT_SECONDS: Final = 30.0
TEXT: Final = b"Subject: message %d\r\nFrom: app@example.test\r\n\r\nYour code is 123456: https://example.test/c/1\r\n"
FINAL_DOT: Final = b".\r\n"  # RFC 5321 4.1.1.4; the line end before it is the text's own

Sample = Callable[[Namespace, smtplib.SMTP, int], float]
"""Send the message of that number, and give the seconds between its end and its arrival at the test."""


def waiting(namespace: Namespace, smtp: smtplib.SMTP, number: int) -> float:
    """The test waits already, in another thread, when the message comes."""
    to = namespace.address(f"waiting-{number}")
    with ThreadPoolExecutor(1) as pool:
        arrived = pool.submit(_wait, namespace, to)
        ended = _send(smtp, to, number)
        return arrived.result() - ended


def asking(namespace: Namespace, smtp: smtplib.SMTP, number: int) -> float:
    """The test sends by itself, and asks when it has the reply: one thread, as most tests are."""
    to = namespace.address(f"asking-{number}")
    ended = _send(smtp, to, number)
    return _wait(namespace, to) - ended


def measure(sample: Sample, namespace: Namespace, messages: int) -> dict[str, float]:
    """One run, in milliseconds, by the keys of its measures. The first message, which makes the server load what it
    had not loaded yet, is not counted.
    """
    place = namespace.smtp
    with smtplib.SMTP(place.host, place.port) as smtp:
        smtp.ehlo()
        sample(namespace, smtp, 0)
        taken = [sample(namespace, smtp, number) * 1000 for number in range(1, messages + 1)]
    namespace.clear()
    return {"slow": percentile(taken, 99), "median": statistics.median(taken), "worst": max(taken)}


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many percent of them do not exceed."""
    return sorted(values)[-(-len(values) * percent // 100) - 1]


def _send(smtp: smtplib.SMTP, to: str, number: int) -> float:
    """Send a message, take the reply, and give the time of its end."""
    for command, wanted in (("MAIL FROM:<app@example.test>", 250), (f"RCPT TO:<{to}>", 250), ("DATA", 354)):
        _check(command, smtp.docmd(command), wanted)
    ended = time.perf_counter()
    smtp.send(TEXT % number + FINAL_DOT)
    _check("the final dot", smtp.getreply(), 250)
    return ended


def _check(what: str, reply: tuple[int, bytes], wanted: int) -> None:
    code, text = reply
    if code != wanted:
        raise RuntimeError(f"{what}: {code} {text!r}")


def _wait(namespace: Namespace, to: str) -> float:
    """When it was there."""
    message = namespace.wait_for(to=to, timeout=WAIT_SECONDS)
    now = time.perf_counter()
    if message.envelope.recipients != (to,):
        raise RuntimeError(f"{message!r} is not to {to}")
    return now
