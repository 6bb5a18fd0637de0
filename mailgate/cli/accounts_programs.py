"""`mailgate user app-password …`: passwords that programs have in a user's place, each by itself to be taken away."""

from __future__ import annotations

import click

from mailgate.cli.accounts_house import counted, edits, open_books
from mailgate.cli.accounts_removing import confirm, with_yes
from mailgate.cli.accounts_saying import refusal, say
from mailgate.cli.accounts_tables import show_json
from mailgate.cli.house import WRONG, with_config, with_json


@click.group("app-password")
def app_password() -> None:
    """See to the application passwords of an account: one for each program or device, made here and shown once."""


@app_password.command()
@click.argument("user")
@click.argument("name")
@with_config
@with_json
def add(user: str, name: str, path: str | None, as_json: bool) -> None:
    """Make a password for the program or device NAME (letters, digits, - and _), and show it once."""
    from mailgate.accounts.app_passwords import hash_app_password, is_app_name
    from mailgate.accounts.secrets import APP_GROUPS, make_secret

    books = open_books(path)
    account = books.known(user)
    if not is_app_name(name):
        raise refusal(f"{name!r} cannot be its name: letters, digits, - and _")
    secret = make_secret(APP_GROUPS)
    with edits():
        books.editor.add_app_password(account, name, hash_app_password(secret))
    if as_json:
        show_json([{"user": account, "name": name, "password": secret}])
    else:
        say(f"The application password {name} of {account}, which is shown this once: {secret}")


@app_password.command("list")
@click.argument("user")
@with_config
@with_json
def list_(user: str, path: str | None, as_json: bool) -> None:
    """List the names of an account's application passwords."""
    books = open_books(path).to_show()
    account = books.known(user)
    names = [each.name for each in books.register.app_passwords(account)]
    if as_json:
        show_json({"user": account, "name": name} for name in names)
    else:
        for name in names:
            click.echo(name)
        click.echo(f"{account} has {counted(len(names), 'application password', 'application passwords')}.", err=True)
    if books.warn():
        raise SystemExit(WRONG)


@app_password.command()
@click.argument("user")
@click.argument("name")
@with_config
@with_yes
def remove(user: str, name: str, path: str | None, yes: bool) -> None:
    """Take the password NAME away: whoever has it cannot log in any more. Sessions that are open go on."""
    books = open_books(path)
    account = books.known(user)
    with edits():
        books.editor.remove_app_password(account, name, rehearse=True)
    confirm(f"Remove the application password {name} of {account}?", yes)
    with edits():
        books.editor.remove_app_password(account, name)
    say(f"{account} has no application password {name} any more.")
