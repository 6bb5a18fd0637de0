"""What is made, with whose modes."""

from __future__ import annotations

import os
from pathlib import Path

from mailgate.cli.init.certificate import is_for
from mailgate.cli.init.pieces import Paths, Piece, needed_directories, pieces
from tests.cli.init.support import ME, MY_GROUP, RUNNER, WISHES, layout


def of(directory: Path, **changes: object) -> dict[str, Piece]:
    made = pieces(WISHES, layout(directory, **changes), RUNNER, lambda: "{ARGON2ID}$argon2id$x")
    return {os.path.relpath(piece.path, directory): piece for piece in made}


def test_modes(tmp_path: Path) -> None:
    made = of(tmp_path)
    assert {name: oct(piece.mode) for name, piece in made.items()} == {
        ".": "0o750",
        "domains": "0o700",
        "domains/example.test": "0o700",
        "tls": "0o700",
        "mail": "0o700",
        "domains/example.test/users": "0o600",
        "domains/example.test/aliases": "0o600",
        "tls/key.pem": "0o600",
        "tls/cert.pem": "0o644",
        "mailgate.toml": "0o640",
        "mailgate.service": "0o644",
    }
    assert {(piece.user, piece.group) for piece in made.values()} == {(ME, MY_GROUP)}
    assert made["tls"].shown_path.endswith("/tls/") and made["mailgate.toml"].shown_path.endswith(".toml")


def test_for_the_system(tmp_path: Path) -> None:
    """The server may read its configuration, and not change it."""
    (tmp_path / "etc").mkdir()
    made = of(
        tmp_path,
        configuration=str(tmp_path / "etc" / "mailgate" / "mailgate.toml"),
        state=str(tmp_path / "var" / "lib" / "mailgate"),
        configuration_owner="root",
        is_system=True,
    )
    order = list(made)
    assert order[:4] == ["etc/mailgate", "var", "var/lib", "var/lib/mailgate"]
    assert (made["var"].user, made["var"].mode) == ("root", 0o755)
    assert (made["etc/mailgate"].user, made["etc/mailgate"].group) == ("root", MY_GROUP)
    assert made["etc/mailgate/mailgate.toml"].user == "root"
    assert (made["mailgate.service"].user, made["mailgate.service"].group) == ("root", "root")
    content = made["etc/mailgate/mailgate.toml"].content
    assert content is not None and f'state = "{tmp_path}/var/lib/mailgate"' in content.shown


def test_no_secret_is_shown(tmp_path: Path) -> None:
    users = of(tmp_path)["domains/example.test/users"].content
    assert users is not None and "argon2id" not in users.shown and b"$argon2id$x" in users.make()
    assert "$argon2id$x" not in repr(users)
    key = of(tmp_path)["tls/key.pem"].content
    assert key is not None and "PRIVATE KEY" not in key.shown and b"PRIVATE KEY" in key.make()


def test_the_certificate_is_by_the_key_that_is_there(tmp_path: Path) -> None:
    made = of(tmp_path)
    key, certificate = made["tls/key.pem"].content, made["tls/cert.pem"].content
    assert key is not None and certificate is not None
    assert not certificate.is_same(b"anything")  # there is no key
    paths = Paths.of(layout(tmp_path), WISHES)
    os.mkdir(os.path.dirname(paths.key))
    Path(paths.key).write_bytes(key.make())
    pem = certificate.make()
    assert is_for(pem, Path(paths.key).read_bytes(), WISHES.hostname) and certificate.is_same(pem)
    assert key.is_same(Path(paths.key).read_bytes()) and not key.is_same(pem)


def test_what_is_needed_is_there() -> None:
    assert all(os.path.isdir(path) for path in needed_directories())
