"""A server of one's own, for any test runner.

With unittest, one server a class and a corner of it a test:

    class WelcomeTest(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            cls.gateway = cls.enterClassContext(Gateway())

        def setUp(self):
            self.mail = self.enterContext(self.gateway.namespace())

        def test_welcome(self):
            to = self.mail.address("alice")
            send_welcome(to, self.mail.smtp.host, self.mail.smtp.port)
            self.assertEqual(self.mail.wait_for(to=to).subject, "Welcome")

`start()` and `addClassCleanup(gateway.stop)` do the same as `enterClassContext`.

trial knows no fixtures of classes. There one server is started by the first test, and ends with the run. What is sent
by the reactor of the test must not be waited for in the reactor's thread: wait in another, or use
`in_reactor.GatewayService`.

    gateway = Gateway()

    class WelcomeTest(twisted.trial.unittest.TestCase):
        def setUp(self):
            self.mail = gateway.start().namespace()
            self.addCleanup(self.mail.end)

        async def test_welcome(self):
            to = self.mail.address("alice")
            await send_welcome(to, self.mail.smtp.host, self.mail.smtp.port)
            message = await deferToThread(self.mail.wait_for, to=to)
            self.assertEqual(message.subject, "Welcome")
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self

from mailgate.testing.corner import new_name
from mailgate.testing.namespace import Namespace
from mailgate.testing.process import ServerProcess
from mailgate.testing.settings import written


class Gateway(Namespace):
    """A server in a process of its own, and a namespace in it.

    It is started by `with` or `start()`, and is ready when that returns; until then no other method is of use. It
    ends with the `with` block, by `stop()`, or with the process that started it, however that ends.
    """

    def __init__(
        self,
        *,
        directory: str | os.PathLike[str] | None = None,
        config: str | os.PathLike[str] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """`directory`: where the mail is kept, and stays; a temporary one if it is not given. `config`: the path of a
        configuration that lies over the defaults of tests; `settings` lie over both, as in
        `{"pop3.login_timeout": "5s", "limits.message": "1 MiB"}`.
        """
        options = _options(directory, config, settings or {})
        self._process = ServerProcess(options, temporary=directory is None)
        super().__init__(self._process, new_name())

    def start(self) -> Self:
        """Start it, if it does not run, and wait until it is ready. Raises `CannotStart`, with what the server said."""
        self._process.start()
        return self

    def stop(self) -> None:
        """End it, and wait for that. Does nothing if it does not run."""
        self._process.stop()

    def namespace(self) -> Namespace:
        """Another corner of the same server, for another test. It ends with its own `with` block, or by `end()`."""
        return Namespace(self._process, new_name())

    def said(self) -> str:
        """The end of what the server wrote to its log."""
        return self._process.said()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def _options(
    directory: str | os.PathLike[str] | None, config: str | os.PathLike[str] | None, settings: Mapping[str, Any]
) -> list[str]:
    options = [f"--set={override}" for override in written(settings)]
    if directory is not None:
        options.append(f"--directory={os.fspath(directory)}")
    if config is not None:
        options.append(f"--config={os.fspath(config)}")
    return options
