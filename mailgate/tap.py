"""twistd's door: `twistd -n mailgate`. Options in, a service out; nothing else happens here."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NoReturn, cast

from attrs import evolve
from twisted.application.service import IService, Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import ILogObserver, Logger
from twisted.python import usage
from twisted.python.components import Componentized
from twisted.python.failure import Failure
from twisted.python.logfile import LogFile
from zope.interface import implementer

from mailgate import __version__
from mailgate.accounts.modes import exposed
from mailgate.config import Config, Reading, check, find
from mailgate.development import Development
from mailgate.faults import Fault
from mailgate.foreground import on_hangup, on_signal, settle
from mailgate.log import observer
from mailgate.service import CannotReload, CannotStart, Gateway, Notifier, inspect

log = Logger(namespace="mailgate.tap")

NO_CONFIGURATION: Final = (
    "mailgate: no configuration found (--config, $MAILGATE_CONFIG, ./mailgate.toml, /etc/mailgate/mailgate.toml).\n"
    "To try it without one: twistd -n mailgate --dev"
)


class Options(usage.Options):
    """What `twistd mailgate --help` lists."""

    synopsis = "[options]"
    longdesc = (
        "A mail gateway: SMTP in, handlers, a Maildir per user, POP3 out. "
        "Try it with 'twistd -n mailgate --dev'; etc/mailgate.toml shows every setting."
    )
    optFlags = [
        ["check", None, "Say everything that is wrong with the configuration, and exit."],
        ["dev", None, "Development mode: no files needed, loopback only, any recipient, any password."],
        ["beyond-loopback", None, "With --dev: yes, listen where others can reach it, without passwords."],
        ["verbose", "v", "With --dev: log everything, not only warnings."],
    ]
    optParameters = [
        [
            "config",
            "c",
            None,
            "The configuration file [$MAILGATE_CONFIG, ./mailgate.toml or /etc/mailgate/…].",
        ],
        ["keep", None, None, "With --dev: keep the mail after exit, yes or no. [default: yes]"],
    ]

    def __init__(self) -> None:
        usage.Options.__init__(self)
        self["set"] = []
        self.development: Development | None = None
        self.configuration = Config()

    def opt_set(self, override: str) -> None:
        """Set one key, as in --set smtp.listen=tcp:2525 or --set 'hostname="mx.example.org"'; may be repeated."""
        self["set"].append(override)

    def opt_version(self) -> None:
        """Say which mailgate this is, and exit."""
        print(f"mailgate {__version__}")  # noqa: T201
        raise SystemExit(0)

    def postOptions(self) -> None:
        """Read the configuration; leave with everything that is wrong with it."""
        for option in ("beyond-loopback", "verbose", "keep"):
            if self[option] not in (None, 0) and not self["dev"]:
                raise usage.UsageError(f"--{option} goes with --dev")
        if self["keep"] not in (None, "yes", "no"):
            raise usage.UsageError("--keep is yes or no")
        reading = self._develop() if self["dev"] else self._read()
        faults = inspect(reading, build=bool(self["check"]))
        if reading.config is None or faults:
            self._leave(faults)
        self.configuration = _talkative(reading.config) if self["verbose"] else reading.config
        if self["check"]:
            self._abandon()
            for fault in exposed(reading.config.accounts.directory):
                print(f"mailgate: open to others: {fault}", file=sys.stderr)  # noqa: T201
            print("The configuration is good.")  # noqa: T201
            raise SystemExit(0)

    def _develop(self) -> Reading:
        self.development = Development(keep=self["keep"] != "no")
        return self.development.read(self["config"], self["set"], beyond_loopback=bool(self["beyond-loopback"]))

    def _read(self) -> Reading:
        path = find(self["config"], os.environ)
        if path is None:
            raise SystemExit(NO_CONFIGURATION)
        self._path = os.path.abspath(path)  # a daemon may be somewhere else later
        return check(path, self["set"], at_start=not self["check"])

    def reread(self) -> Reading:
        """The configuration as it is now."""
        return check(self._path, self["set"], running=True)

    def _leave(self, faults: Sequence[Fault]) -> NoReturn:
        self._abandon()
        raise SystemExit("\n".join(f"mailgate: {fault}" for fault in dict.fromkeys(map(str, faults))))

    def _abandon(self) -> None:
        if self.development is not None:
            self.development.abandon()


@implementer(IService)
class TwistdService(Service):
    """A gateway under twistd: gives it a log, tells a person what listens, and ends twistd if it cannot start."""

    def __init__(self, gateway: Gateway, options: Options) -> None:
        self._gateway = gateway
        self._options = options
        self._notifier: Notifier | None = None

    def setServiceParent(self, parent: Any) -> None:
        Service.setServiceParent(self, parent)
        observe = _observer(self._options)
        if observe is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, observe)

    def privilegedStartService(self) -> None:
        Service.privilegedStartService(self)
        try:
            self._gateway.privilegedStartService()
        except CannotStart as error:
            self._fail(error)

    def startService(self) -> None:
        from twisted.internet import reactor

        Service.startService(self)
        try:
            self._gateway.startService()
        except CannotStart as error:
            self._fail(error)
        settle()
        self._notifier = Notifier(os.environ, cast(IReactorTime, reactor), lambda: self._gateway.status_line)
        self._notifier.ready()
        if self._options.development is None:
            self._gateway.tell_of_reloads(self._notifier.ready)
            on_hangup(reactor, self._reload)
        if self._options.development is not None:
            _tell(self._options.development, self._gateway)

    def stopService(self) -> Deferred[None]:
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    def _reload(self) -> None:
        """SIGHUP: read the configuration again. What comes of it is in the log."""
        assert self._notifier is not None, "it has started"
        self._notifier.reloading()
        Deferred.fromCoroutine(self._gateway.reload()).addErrback(_refused)

    async def _stop(self) -> None:
        if self._notifier is not None:
            self._notifier.stopping(self._options.configuration.drain)
        from twisted.internet import reactor

        # twistd takes a second signal for an error; for people it means: do not wait any longer.
        with on_signal(reactor, self._gateway.cut):
            await self._gateway.stopService()
        if self._notifier is not None:
            self._notifier.stopped()
        if self._options.development is not None:
            self._options.development.end()

    def _fail(self, error: CannotStart) -> None:
        if self._options.development is not None:
            self._options.development.abandon()
        twistd = _twistd(self._options)
        if not twistd.get("nodaemon"):
            for fault in error.faults:
                log.critical("{fault}", fault=fault)
            raise error from None  # the terminal's twistd waits for word from the daemon: an Exception, no exit
        if twistd.get("pidfile"):
            with suppress(OSError):
                os.unlink(twistd["pidfile"])  # which twistd does for an Exception only, too
        raise SystemExit("\n".join(f"mailgate: {fault}" for fault in error.faults)) from error  # lines, no traceback


def makeService(options: Options) -> IService:
    """The service for twistd. Touches nothing: this may run as root."""
    from twisted.internet import reactor  # twistd has installed the one it wants by now

    in_development = options.development is not None
    reread = None if in_development else options.reread
    gateway = Gateway(options.configuration, reactor, open_to_anyone=in_development, reread=reread)
    return TwistdService(gateway, options)


def _refused(failure: Failure) -> None:
    failure.trap(CannotReload)  # the log has it already


def _tell(development: Development, gateway: Gateway) -> None:
    stdout = sys.__stdout__  # twistd has made sys.stdout part of the log
    if stdout is not None:
        stdout.write(development.banner(gateway.listening, colour=stdout.isatty()))
        stdout.flush()


def _twistd(options: Options) -> Mapping[str, Any]:
    """The options of twistd itself."""
    outer: Mapping[str, Any] | None = options.parent
    return outer if outer is not None else {}


def _talkative(config: Config) -> Config:
    return evolve(config, log=evolve(config.log, level="debug"))


def _observer(options: Options) -> ILogObserver | None:
    """The log that the options ask for; None: twistd's own will do."""
    twistd = _twistd(options)
    if twistd.get("logger") or twistd.get("syslog"):
        return None
    settings = options.configuration.log
    file = twistd.get("logfile") or ("-" if twistd.get("nodaemon") else "twistd.log")
    if options.development is not None and not twistd.get("logfile"):
        return observer(sys.stderr, settings.format, "debug" if options["verbose"] else "warn")
    return observer(sys.stdout if file == "-" else LogFile.fromFullPath(file), settings.format, settings.level)
