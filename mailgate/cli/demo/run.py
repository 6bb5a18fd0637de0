"""Lives through the demo: starts a gateway, takes the letters through it, and ends with an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NoReturn

from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import react
from twisted.logger import Logger, globalLogBeginner
from twisted.python.failure import Failure

from mailgate.cli.demo.clients import trust
from mailgate.cli.demo.journey import Door, Journey, look_at
from mailgate.cli.demo.letters import Letter, letters
from mailgate.cli.demo.proof import compare
from mailgate.cli.demo.screen import Screen
from mailgate.cli.demo.story import Ending, Story
from mailgate.cli.demo.wiretap import Place, Wiretap
from mailgate.config import Config, Handler
from mailgate.development import Development
from mailgate.log import observer
from mailgate.service import CannotStart, Gateway

ADDED: Final = "X-Mailgate-Demo"
TRACE: Final = ("Return-Path", "Delivered-To", ADDED, "Received")  # what mailgate puts in front of these messages
HANDLERS: Final = (
    Handler(use="loop-guard"),
    Handler(use="add-field", options={"field": ADDED, "value": "seen by a handler"}),
)
LISTENERS: Final = (
    "smtp.listen=tcp:0",
    "submission.listen=[]",
    "pop3.listen=tcp:0",
    "pop3.listen_tls=[]",
    "http.listen=[]",
)
INTERRUPTED: Final = 130  # as shells have it

log = Logger()


def run(directory: str | None, *, keep: bool, quiet: bool) -> NoReturn:
    """The whole demo; ends the process, with status 0 if every letter came back as it was sent."""
    globalLogBeginner.beginLoggingTo([observer(sys.stderr, "text", "warn")], redirectStandardIO=False)
    kept = keep or directory is not None
    development = Development(keep=keep and directory is None)
    try:
        config = _configuration(development, directory)
        screen = Screen(quiet=quiet)
        react(_until_interrupted, [partial(_demo, config=config, screen=screen, kept=kept)])
    finally:
        development.end()


def _configuration(development: Development, directory: str | None) -> Config:
    config = evolve(development.configure(None, LISTENERS), handler=HANDLERS)
    if directory is None:
        return config
    return evolve(config, store=evolve(config.store, directory=os.path.abspath(directory)))


def _until_interrupted(reactor: Any, main: Callable[[Any], Any]) -> Deferred[None]:
    """Run `main`; SIGINT and SIGTERM cancel it, and the reactor waits until it has cleared up."""
    running: Deferred[None] = Deferred.fromCoroutine(main(reactor))
    over: Deferred[None] = Deferred()

    def stop() -> Deferred[None]:
        running.cancel()
        return over

    def ended(result: Any) -> Any:
        over.callback(None)
        if isinstance(result, Failure) and not result.check(SystemExit):
            log.failure("the demo itself failed", result)
            return Failure(SystemExit(1))
        return result

    reactor.addSystemEventTrigger("before", "shutdown", stop)
    return running.addBoth(ended)


async def _demo(reactor: Any, config: Config, screen: Screen, *, kept: bool) -> None:
    gateway = Gateway(config, reactor, open_to_anyone=True)
    taps: list[Wiretap] = []
    try:
        gateway.privilegedStartService()
        gateway.startService()
        doors = [await _door(reactor, gateway, key, taps) for key in ("smtp.listen", "pop3.listen")]
        journey = Journey(reactor, gateway, doors[0], doors[1], trust(config.tls.certificate))
        post = letters()
        story = Story(screen, config.store.directory, len(post))
        story.open()
        endings = [await _tell(story, journey, letter) for letter in post]
        story.close(endings, kept=kept)
    except CannotStart as error:
        screen.alarm(f"FAILED: the gateway cannot start: {error}")
        raise SystemExit(1) from error
    except CancelledError:
        screen.alarm("FAILED: interrupted")
        raise SystemExit(INTERRUPTED) from None
    finally:
        for tap in taps:
            await tap.close()
        await gateway.stopService()
    if not all(ending.is_good for ending in endings):
        raise SystemExit(1)


async def _door(reactor: Any, gateway: Gateway, key: str, taps: list[Wiretap]) -> Door:
    port = next(listening for listening in gateway.listening if listening.key == key)
    tap = Wiretap(reactor, Place(port.host, port.port))
    taps.append(tap)
    return Door(await tap.listen(), tap)


async def _tell(story: Story, journey: Journey, letter: Letter) -> Ending:
    """Take one letter through, and tell it as it happens."""
    story.letter(letter)
    ending = await _travel(story, journey, letter)
    if ending.trouble:
        story.trouble(letter, ending.trouble)
    return ending


async def _travel(story: Story, journey: Journey, letter: Letter) -> Ending:
    sent = await journey.send(letter)
    story.sent(letter, sent)
    if sent.trouble:
        return Ending(letter=letter, sent=sent, trouble=sent.trouble)
    try:
        kept = look_at(sent.copies[0])
    except (OSError, IndexError) as error:
        return Ending(letter=letter, sent=sent, trouble=f"mailgate said 250, but its file is not to be had: {error}")
    story.kept(kept)
    got = await journey.fetch(letter)
    story.got(letter, got)
    if got.trouble:
        return Ending(letter=letter, sent=sent, kept=kept, got=got, trouble=got.trouble)
    proof = compare(letter.content, got.content, TRACE)
    story.proof(proof)
    trouble = f"NOT INTACT: {proof.difference}" if proof.difference else ""
    return Ending(letter=letter, sent=sent, kept=kept, got=got, proof=proof, trouble=trouble)
