"""Where the configuration is found, and where its own paths lead."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from attrs import evolve

from mailgate.config.model import Config

HERE = "mailgate.toml"
SYSTEM = "/etc/mailgate/mailgate.toml"


def find(option: str | None, environ: Mapping[str, str]) -> str | None:
    """The file to read: `--config`, else `$MAILGATE_CONFIG`, else `./mailgate.toml`, else the system's; None: none.

    The first two are taken as they are: that such a file is missing is for `load` to say.
    """
    if option or environ.get("MAILGATE_CONFIG"):
        return option or environ["MAILGATE_CONFIG"]
    return next((path for path in (HERE, SYSTEM) if os.path.isfile(path)), None)


def resolve(config: Config, base: str) -> Config:
    """The same with absolute paths: a relative `state` belongs to `base`, all other paths to `state`."""
    state = os.path.abspath(os.path.join(base, config.state))

    def absolute(path: str) -> str:
        return os.path.normpath(os.path.join(state, path)) if path else ""

    return evolve(
        config,
        state=state,
        tls=evolve(
            config.tls,
            certificate=absolute(config.tls.certificate),
            key=absolute(config.tls.key),
            also=tuple(
                evolve(pair, certificate=absolute(pair.certificate), key=absolute(pair.key)) for pair in config.tls.also
            ),
        ),
        submission=evolve(
            config.submission,
            smarthost_password=absolute(config.submission.smarthost_password),
            smarthost_ca=absolute(config.submission.smarthost_ca),
        ),
        http=evolve(config.http, token=absolute(config.http.token)),
        accounts=evolve(config.accounts, directory=absolute(config.accounts.directory)),
        store=evolve(config.store, directory=absolute(config.store.directory)),
    )


def not_directories(config: Config) -> Iterator[tuple[str, str]]:
    """The keys of paths that cannot become directories, each with what is in the way; the paths are absolute.

    That accounts are there is for `accounts.Domains.load` to say, and of the certificate for `tls`.
    """
    for key, path in (("state", config.state), ("store.directory", config.store.directory)):
        while path and not os.path.lexists(path):
            path = os.path.dirname(path)
        if path and not os.path.isdir(path):
            yield key, path
