"""Goes the way of a message, room by room, and tells what each one says; in the end what comes of it all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import evolve, field, frozen

from mailgate.accounts.register import Register
from mailgate.explaining.judges import Heard, Hearing
from mailgate.explaining.keeping import Said, retention
from mailgate.explaining.leading import Led, lead
from mailgate.explaining.letter import Letter, Question, letter_of
from mailgate.explaining.maildrop import kept_at, login, owner
from mailgate.explaining.room import Remembered, judged, maildrops_of, room
from mailgate.explaining.story import ACCEPTED, Ending, Explanation, Part, Step, first_refusal
from mailgate.explaining.surroundings import Surroundings
from mailgate.explaining.visitor import visit
from mailgate.mail import Local, Reply
from mailgate.smtp.mailing import NO_ROOM

MAX_SHOWN: Final = 20  # of the maildrops behind one address; the others count, and are not told of one by one


@frozen
class Explainer:
    """For one gateway."""

    to: Surroundings = field(repr=False)

    async def explain(self, question: Question) -> Explanation:
        """Everything about one address. Raises nothing that an address or a message could bring about."""
        letter = letter_of(question, self.to.new_id, self.to.max_line_octets)
        before = [*self._arrival(question, letter)]
        led = await lead(question.path, self.to)
        parts, heard = await self._onward(question, letter, led) if led.destinations else ([], Heard())
        ending = _ending([*before, led.part, *parts], heard, maildrops_of(led.destinations))
        steps = tuple(step for part in (*before, led.part, *parts) for step in part.steps)
        return Explanation(address=str(question.path), steps=steps, ending=ending)

    def _arrival(self, question: Question, letter: Letter) -> Iterator[Part]:
        """What is found out before there is a recipient."""
        if question.client is not None:
            yield visit(question.client, self.to.limits)
        if question.content is not None or question.size:
            yield letter.declared(self.to.max_message_octets)
        if not self.to.has_room():
            step = Step(topic="message", question="Is there room on the disk?", answer="no", where="store.min_free")
            yield Part((step,), NO_ROOM)

    # From there on.

    async def _onward(self, question: Question, letter: Letter, led: Led) -> tuple[Sequence[Part], Heard]:
        """The parts from the recipient's acceptance on, in the order of a session, and what the handlers said."""
        message = letter.message(led.destinations, question.path, self.to.hostname, self.to.now())
        hearing = Hearing(self.to.judges, self.to.clock, self.to.judges_seconds)
        policies = await hearing.policies(message)
        full = await self._room(letter, led)
        content = letter.checked(self.to.max_hops) if question.content is not None else Part()
        # Nobody is given content that cannot be, or is not there.
        is_given = content.refusal is None and not question.size
        handlers = await hearing.handlers(message) if is_given else Heard()
        heard = evolve(handlers, unasked=policies.unasked + handlers.unasked)
        places = Part(
            [step for name in maildrops_of(led.destinations)[:MAX_SHOWN] for step in self._place(name, led.register)]
        )
        return [policies, full, content, handlers, places], heard

    async def _room(self, letter: Letter, led: Led) -> Part:
        usage, quota = Remembered(self.to.usage), self.to.rulebook.quota
        full = await judged(letter.envelope, led.destinations, quota, usage, self.to.permanent)
        steps: list[Step] = []
        locals_ = {place.maildrop: place for place in reversed(led.destinations) if isinstance(place, Local)}
        names = maildrops_of(led.destinations)
        for name in names[:MAX_SHOWN]:
            said = self._said(name, led.register)
            whose = owner(locals_[name], led.register)
            fits = await room(name, letter.wire_octets, quota(name), usage, said)
            steps += (evolve(step, about=name) for step in (whose, fits))
        if len(names) > MAX_SHOWN:
            more = f"{len(names) - MAX_SHOWN} more, of whom is not told here"
            steps.append(Step(topic="user", question="Who else has it?", answer=more))
        return evolve(full, steps=steps)

    def _said(self, maildrop: str, register: Register | None) -> Said:
        return Said.of(maildrop, register, self.to.domains.directory if self.to.domains is not None else "")

    def _place(self, maildrop: str, register: Register | None) -> Iterator[Step]:
        said, rules = self._said(maildrop, register), self.to.rulebook.sweep_rules(maildrop)
        steps = (
            kept_at(maildrop, self.to.place),
            login(maildrop, register, self.to.hostname),
            *retention(rules, said, self.to.schedule, self.to.now()),
        )
        return (evolve(step, about=maildrop) for step in steps)


def _ending(parts: Sequence[Part], heard: Heard, maildrops: tuple[str, ...]) -> Ending:
    refused = first_refusal(parts)
    if refused is not None:
        reply: Reply = refused.refusal or ACCEPTED
        return Ending(reply=reply, why=refused.why)
    if heard.discarded is not None:
        return Ending(reply=ACCEPTED, why=heard.discarded, unasked=heard.unasked)
    return Ending(reply=ACCEPTED, maildrops=maildrops, unasked=heard.unasked)
