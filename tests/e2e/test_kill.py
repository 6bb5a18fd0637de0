"""`250` is a promise: what was acknowledged is there, and whole, after the gateway was killed at its work."""

from __future__ import annotations

import poplib
import smtplib
from collections.abc import Iterator
from pathlib import Path
from threading import Lock, Thread

from tests.e2e.daemon import Daemon, development

CLIENTS = 6
KILLED_AFTER = 150  # acknowledgements
CONTENT = "Subject: {number}\r\n\r\n" + "It has to be whole, to the last line.\r\n" * 200


class Load:
    """Clients that send as fast as they can until the gateway is gone: who counts to the end kills it."""

    def __init__(self, daemon: Daemon, name: str) -> None:
        self.acknowledged: set[str] = set()
        self._daemon = daemon
        self._name = name
        self._lock = Lock()

    def run(self) -> None:
        """Return when every client has lost its gateway."""
        threads = [Thread(target=self._send, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _send(self, client: int) -> None:
        try:
            smtp = smtplib.SMTP("127.0.0.1", self._daemon.ports["smtp.listen"], timeout=10)
            for message in range(10 * KILLED_AFTER):
                number = f"{self._name}-{client}-{message}"
                smtp.sendmail("a@example.org", ["b@example.org"], CONTENT.format(number=number))
                self._note(number)
        except (OSError, smtplib.SMTPException):
            return  # no reply came: nothing was promised

    def _note(self, number: str) -> None:
        with self._lock:
            self.acknowledged.add(number)
            if len(self.acknowledged) == KILLED_AFTER:
                self._daemon.process.kill()


def messages(daemon: Daemon) -> Iterator[str]:
    box = poplib.POP3("127.0.0.1", daemon.ports["pop3.listen"], timeout=10)
    box.user("b@example.org")
    box.pass_("any")
    for number in range(1, box.stat()[0] + 1):
        yield "".join(line.decode() + "\r\n" for line in box.retr(number)[1])
    box.quit()


def test_nothing_that_was_acknowledged_is_lost_or_torn(tmp_path: Path) -> None:
    places = ("--set", f'state="{tmp_path}/state"', "--set", f'store.directory="{tmp_path}/mail"')
    acknowledged: set[str] = set()
    for name in ("first", "second"):
        daemon = development(tmp_path, *places)
        load = Load(daemon, name)
        load.run()
        daemon.process.wait()
        assert len(load.acknowledged) >= KILLED_AFTER
        acknowledged |= load.acknowledged
    daemon = development(tmp_path, *places)
    found = list(messages(daemon))
    daemon.stop()
    numbers = [text.partition("Subject: ")[2].partition("\r\n")[0] for text in found]
    for number, text in zip(numbers, found, strict=True):
        assert text.endswith("+0000\r\n" + CONTENT.format(number=number))
    assert acknowledged <= set(numbers)
