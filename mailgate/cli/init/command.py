"""`mailgate init`: from an address to a server that can be started."""

from __future__ import annotations

import os

import click

from mailgate.cli.accounts_asking import with_generate, with_stdin
from mailgate.cli.accounts_saying import refusal


@click.command()
@click.argument("address")
@click.option("--directory", metavar="DIR", help="Put everything there, the configuration too.")
@click.option("--hostname", metavar="NAME", help="This host, as the MX record names it. [mx.<domain>]")
@click.option("--user", metavar="NAME", help="Who the server runs as, if root makes it. [mailgate]")
@click.option("--create-user", is_flag=True, help="Make that user with useradd, if there is none.")
@click.option(
    "--high-ports/--low-ports",
    default=None,
    help="2525, 2587, 2465, 2110, 2995, or 25, 587, 465, 110, 995. [low for root, else high]",
)
@with_stdin
@with_generate
@click.option("-n", "--dry-run", is_flag=True, help="Show every file that would be made, and make none.")
def init(
    address: str,
    directory: str | None,
    hostname: str | None,
    user: str | None,
    create_user: bool,
    high_ports: bool | None,
    from_stdin: bool,
    generate: bool,
    dry_run: bool,
) -> None:
    """Set up a server, with ADDRESS as its first account.

    Makes a configuration, the domain, the account, a certificate until there is a real one, and a systemd unit; then
    says which DNS records to set and what to try. Root gets /etc/mailgate and /var/lib/mailgate, others
    ~/.local/share/mailgate and high ports.

    Nothing that is there is overwritten: it is listed, and nothing is done. What is there exactly as it would be made
    is left, so that the command can be run again.
    """
    from mailgate.cli.init.layout import BadWish, lay_out, this_runner
    from mailgate.cli.init.people import check_account
    from mailgate.cli.init.setting_up import SettingUp
    from mailgate.cli.init.wishes import wishes

    if from_stdin and generate:
        raise click.UsageError("--stdin brings a password, --generate makes one: not both")
    runner = this_runner()
    try:
        layout = lay_out(runner, directory, user, os.environ)
        wished = wishes(address, hostname, high_ports=not runner.is_root if high_ports is None else high_ports)
        check_account(wished)
    except BadWish as error:
        raise refusal(str(error)) from error
    work = SettingUp(wished, layout, runner)
    if dry_run:
        work.rehearse(create_user=create_user)
    else:
        work.perform(create_user=create_user, from_stdin=from_stdin, generate=generate)
