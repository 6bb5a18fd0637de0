"""What is said before and after: what was made, with whose modes, and what stands in the way. For 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from shlex import quote
from typing import Final

from mailgate.cli.fitting import fitted
from mailgate.cli.init.pieces import Piece
from mailgate.cli.init.writing import Survey

INDENT: Final = "   "


def paragraph(text: str, indent: str = INDENT) -> str:
    """Prose, broken into lines. Long words, such as paths, stay whole."""
    return fitted(text, indent)


def listing(pieces: Sequence[Piece]) -> Iterator[str]:
    """A line each: mode, owner, path."""
    width = max((len(_owner(piece)) for piece in pieces), default=0)
    for piece in pieces:
        yield f"{INDENT}{piece.mode:04o} {_owner(piece):<{width}} {piece.shown_path}"


def obstacles(survey: Survey) -> Iterator[str]:
    """What keeps it from being done, and what to do."""
    if survey.closed:
        yield "Nothing was made."
        yield paragraph(
            f"{survey.closed} is not yours to read and to write in: choose another --directory, or run this as root.",
            indent="",
        )
        return
    yield "Nothing was made. In the way:"
    for piece, trouble in survey.in_the_way:
        yield f"{INDENT}{piece.shown_path}"
        yield f"{INDENT}  {trouble}"
    yield paragraph(
        "mailgate init overwrites nothing. Move these away, or choose another --directory; --dry-run shows what would "
        "be made. To add accounts to a server that is there, use mailgate user add.",
        indent="",
    )


def rehearsal(survey: Survey) -> Iterator[str]:
    """What would be made, with its content."""
    yield "Nothing is made. This is what would be:"
    yield ""
    yield from listing(survey.missing) if survey.missing else [f"{INDENT}nothing: all of it exists already"]
    yield from _standing(survey)
    for piece in (*survey.missing, *(piece for piece, _ in survey.in_the_way)):
        if piece.content is not None:
            yield ""
            yield f"---- {piece.path} ({piece.mode:04o} {_owner(piece)})"
            yield from piece.content.shown.splitlines()


def made(survey: Survey) -> Iterator[str]:
    """What was made, and what was there."""
    if survey.missing:
        yield "Made:"
        yield from listing(survey.missing)
    yield from _standing(survey)


def unlike(differences: Iterable[tuple[Piece, str]]) -> Iterator[str]:
    """What is there with another owner or mode, and how to change that."""
    for piece, has in differences:
        yield paragraph(f"{piece.shown_path} is {has}, and should be {piece.mode:04o} {_owner(piece)}:", indent="")
        yield f"{INDENT}chown {_owner(piece)} {quote(piece.path)}; chmod {piece.mode:04o} {quote(piece.path)}"


def _standing(survey: Survey) -> Iterator[str]:
    if survey.there:
        yield "Exists already, and is left as it is:"
        yield from (f"{INDENT}{piece.shown_path}" for piece in survey.there)


def _owner(piece: Piece) -> str:
    return f"{piece.user}:{piece.group}"
