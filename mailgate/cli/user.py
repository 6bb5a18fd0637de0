"""`mailgate user …`: who has mail here, and with which password."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from mailgate.cli.accounts_asking import new_password, with_generate, with_stdin
from mailgate.cli.accounts_house import Books, edits, open_books
from mailgate.cli.accounts_listing import list_
from mailgate.cli.accounts_programs import app_password
from mailgate.cli.accounts_removing import confirm, what_becomes_of, with_yes
from mailgate.cli.accounts_saying import complain, refusal, say
from mailgate.cli.accounts_showing import show
from mailgate.cli.accounts_tables import show_json
from mailgate.cli.house import WRONG, with_config, with_json

if TYPE_CHECKING:
    from mailgate.accounts.editing import Removed


@click.group()
def user() -> None:
    """See to the accounts: the users files of the domains.

    USER is local-part@domain, or the local part alone where there is one domain. A gateway that runs need not be told:
    all edits count at once.
    """


@user.command()
@click.argument("user")
@with_config
@with_stdin
@with_generate
@with_json
def add(user: str, path: str | None, from_stdin: bool, generate: bool, as_json: bool) -> None:
    """Add an account. Its password, of 8 characters or more, is asked for twice."""
    from mailgate.accounts.editing.entries import check_user

    books = open_books(path)
    name = books.account(user)
    if name in books.register.names.accounts:
        raise refusal(f"{name} is there already: {books.register.names.accounts[name].where}")
    with edits():
        check_user(name)  # before anybody thinks of a password
    plain = new_password(from_stdin, generate)
    with edits():
        books.editor.add_user(name, books.hash(plain))
    _note_old_mail(books, name)
    _tell(name, f"{name} has mail now.", plain if generate else "", as_json)


@user.command()
@click.argument("user")
@with_config
@with_stdin
@with_generate
@with_json
def passwd(user: str, path: str | None, from_stdin: bool, generate: bool, as_json: bool) -> None:
    """Give an account another password. It has 8 characters or more, and is asked for twice."""
    books = open_books(path)
    name = books.known(user)
    plain = new_password(from_stdin, generate)
    with edits():
        books.editor.set_password(name, books.hash(plain))
    _tell(name, f"{name} has another password now.", plain if generate else "", as_json)
    if (programs := books.register.app_passwords(name)) and not as_json:
        say(f"Its application passwords are as before: {', '.join(each.name for each in programs)}.")


@user.command()
@click.argument("user")
@with_config
@click.option("--refuse-mail", is_flag=True, help="Take no mail either: senders hear that there is no such user.")
def disable(user: str, path: str | None, refuse_mail: bool) -> None:
    """Refuse an account's logins, with every password. Its mail is still taken, unless --refuse-mail is given."""
    books = open_books(path)
    name = books.known(user)
    with edits():
        books.editor.set_disabled(name, "all" if refuse_mail else "yes")
    say(f"{name} cannot log in, and {'mail for it is refused' if refuse_mail else 'its mail is still taken'}.")


@user.command()
@click.argument("user")
@with_config
def enable(user: str, path: str | None) -> None:
    """Let an account log in again, and take its mail."""
    books = open_books(path)
    name = books.known(user)
    with edits():
        books.editor.set_disabled(name, None)
    say(f"{name} can log in.")


@user.command()
@click.argument("user")
@with_config
@with_yes
@click.option("--aliases", "with_aliases", is_flag=True, help="Take the account out of aliases that lead to it.")
def remove(user: str, path: str | None, yes: bool, with_aliases: bool) -> None:
    """Remove an account and its application passwords. Its mail stays in the store."""
    from mailgate.accounts.editing import StillNamed

    books = open_books(path)
    name = books.known(user)
    mail = books.mail_of(name)

    def removal(*, rehearse: bool = False) -> Removed:
        try:
            return books.editor.remove_user(name, with_aliases=with_aliases, rehearse=rehearse)
        except StillNamed as error:
            raise refusal(f"{error}; --aliases takes it out of them") from error

    with edits():
        removal(rehearse=True)
    confirm(f"Remove {name}? {what_becomes_of(mail)}", yes)
    with edits():
        removed = removal()
    say(f"{name} is removed.")
    if removed.aliases:
        say(f"It is in these aliases no more: {', '.join(removed.aliases)}.")
    if removed.app_passwords:
        say(f"Its application passwords went with it: {', '.join(removed.app_passwords)}.")
    say(what_becomes_of(mail))
    _tell_what_broke(books, path)


for _command in (list_, show, app_password):
    user.add_command(_command)


def _tell_what_broke(before: Books, path: str | None) -> None:
    known = {fault.what for fault in before.faults}
    faults = [fault for fault in open_books(path).faults if fault.what not in known]
    for fault in faults:
        complain(str(fault))
    if faults:
        raise SystemExit(WRONG)


def _note_old_mail(books: Books, name: str) -> None:
    mail = books.mail_of(name)
    if os.path.exists(mail):
        complain(f"there is mail of an earlier {name}, which it will have: {mail}")


def _tell(name: str, done: str, generated: str, as_json: bool) -> None:
    if as_json:
        told: dict[str, Any] = {"user": name}
        show_json([told | {"password": generated} if generated else told])
        return
    say(done)
    if generated:
        say(f"The password, which is shown this once: {generated}")
