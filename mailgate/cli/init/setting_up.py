"""The course of `mailgate init`: look, ask, make, check, and say what comes next."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Iterable
from typing import NoReturn

import click

from mailgate.cli.accounts_asking import new_password
from mailgate.cli.house import WRONG
from mailgate.cli.init import telling
from mailgate.cli.init.certificate import DAYS, ends_at, is_self_signed
from mailgate.cli.init.dns import public_addresses, records
from mailgate.cli.init.layout import Layout, Runner
from mailgate.cli.init.next_steps import Situation, advice
from mailgate.cli.init.pieces import Paths, needed_directories, pieces
from mailgate.cli.init.reaching import closed_directory
from mailgate.cli.init.wishes import Wishes
from mailgate.cli.init.writing import Survey, create_user, differences, make, survey


class SettingUp:
    """One run of the command. Whatever cannot be done raises `ClickException`."""

    def __init__(self, wishes: Wishes, layout: Layout, runner: Runner) -> None:
        self._wishes = wishes
        self._layout = layout
        self._runner = runner
        self._paths = Paths.of(layout, wishes)
        self._hash = ""  # of the first account's password, once it is known
        self._pieces = pieces(wishes, layout, runner, lambda: self._hash)

    def rehearse(self, *, create_user: bool) -> None:
        """Show all of it, and make nothing."""
        found = survey(self._pieces)
        if not self._layout.user_exists:
            verb = "would be made" if create_user else "is not there: add --create-user, or make it yourself"
            click.echo(f"The user {self._layout.user} {verb}.")
        _say(telling.rehearsal(found))
        if not found.is_feasible:
            click.echo()
            _refuse(found)
        self._advise()

    def perform(self, *, create_user: bool, from_stdin: bool, generate: bool) -> None:
        """Make what is not there, and say what comes next. Ends with `WRONG` if the result does not pass its check."""
        found = survey(self._pieces)
        if not found.is_feasible:
            _refuse(found)
        self._need_user(create_user)
        is_new = any(piece.path == self._paths.users for piece in found.missing)
        password = self._ask(from_stdin, generate) if is_new else ""
        if not self._layout.user_exists:
            _make_user(self._layout)
        self._make(found)
        _say(telling.made(found))
        if not is_new:
            click.echo(f"{self._wishes.address} keeps its password.")
        _say(telling.unlike(differences(found.there)) if self._runner.is_root else ())
        faults = self._faults()
        self._remark()
        if generate and is_new:
            click.echo(f"\nThe password of {self._wishes.address}: {password}")
            click.echo("It is shown this once; only its hash is kept.")
        if faults:
            _say(
                ["\nThe configuration does not pass its check yet:", *(f"{telling.INDENT}{fault}" for fault in faults)]
            )
        self._advise()
        if faults:
            sys.exit(WRONG)

    def _need_user(self, create: bool) -> None:
        user = self._layout.user
        if self._layout.user_exists:
            return
        if not create:
            raise click.ClickException(
                f"there is no user {user!r} for the server to run as: add --create-user to have it made, or name "
                "another with --user"
            )

    def _ask(self, from_stdin: bool, generate: bool) -> str:
        from mailgate.accounts.passwords import hash_password

        if not (from_stdin or generate):
            click.echo(f"A password for {self._wishes.address}:", err=True)
        password = new_password(from_stdin, generate)
        try:
            self._hash = hash_password(password)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
        return password

    def _make(self, found: Survey) -> None:
        for piece in found.missing:
            try:
                make(piece, give_away=self._runner.is_root)
            except OSError as error:
                raise click.ClickException(
                    f"{piece.shown_path} cannot be made: {error.strerror or error}\n"
                    "What was made before it stays. See to that, and run the same command again."
                ) from error

    def _faults(self) -> tuple[str, ...]:
        """What `twistd mailgate --check` would say."""
        from mailgate.config import check
        from mailgate.service import inspect

        return tuple(dict.fromkeys(map(str, inspect(check(self._layout.configuration), build=True))))

    def _remark(self) -> None:
        user, hostname = self._layout.user, self._wishes.hostname
        places = os.path.dirname(self._layout.configuration), self._layout.state
        if closed := closed_directory((f"{path}/" for path in places), user):
            _warn(
                f"the user {user} may not enter {closed}, and so cannot read what was made: choose another --directory."
            )
        programs = os.path.join(self._runner.programs, "twistd"), *needed_directories()
        if closed := closed_directory((f"{path}/" for path in programs), user):
            _warn(
                f"the user {user} may not enter {closed}, and so cannot start mailgate from there: install it where "
                "everybody may read, such as /opt/mailgate (docs/install.md)."
            )
        if user == "root":
            _warn("the server will run as root, which it has no need to: leave out --user.")
        for name in dict.fromkeys((self._wishes.domain, hostname)):
            if "." not in name:
                _warn(f"{name} is a name that others cannot look up; mail from outside will not find it.")

    def _advise(self) -> None:
        if os.path.exists(self._paths.certificate):
            with open(self._paths.certificate, "rb") as stream:
                certificate = stream.read()
            ends = ends_at(certificate) if is_self_signed(certificate) else None
        else:  # a rehearsal
            ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=DAYS)
        situation = Situation(self._wishes, self._layout, self._runner, ends)
        _say(advice(situation, list(records(self._wishes, public_addresses()))))


def _refuse(found: Survey) -> NoReturn:
    raise click.ClickException("\n".join(telling.obstacles(found)))


def _make_user(layout: Layout) -> None:
    create_user(layout.user, layout.state)
    click.echo(f"The user {layout.user} was made.")


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _warn(text: str) -> None:
    click.echo(telling.paragraph(f"Remark: {text}", indent=""), err=True)
