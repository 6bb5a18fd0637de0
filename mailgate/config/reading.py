"""What came of reading a configuration: as much of it as could be understood, what is wrong, and where it was said."""

from __future__ import annotations

from attrs import frozen

from mailgate.config.model import Config
from mailgate.faults import Fault


@frozen
class Reading:
    """A configuration on its way to be used. With faults it is for finding more of them, never for serving."""

    config: Config | None  # with absolute paths; what did not fit stands at its default; None: it is no TOML
    faults: tuple[Fault, ...] = ()
    path: str | None = None  # the file
    overridden: tuple[str, ...] = ()  # the dotted keys of `--set`
    misfits: tuple[str, ...] = ()  # dotted keys that were not understood, or were perhaps meant by one

    def where(self, key: str) -> str:
        """The place that a fault of a dotted key names."""
        for override in self.overridden:
            if _inside(key, override) or _inside(override, key):
                return f"--set {max(override, key, key=len)}"
        return f"{self.path}: {key}" if self.path is not None else key

    def is_sure(self, *keys: str, whole: bool = False) -> bool:
        """Were these keys understood, and does nothing stand at its default because it did not fit?

        The other elements of a list can be relied on when one is not, unless it is the `whole` list that matters.
        """
        return not any(self._doubts(key, misfit, whole) for key in keys for misfit in self.misfits)

    @staticmethod
    def _doubts(key: str, misfit: str, whole: bool) -> bool:
        is_element = misfit.endswith("]")
        return _inside(key, misfit) or (_inside(misfit, key) and (whole or not is_element))


def _inside(one: str, other: str) -> bool:
    """Is the first of these dotted keys the second, or inside it?"""
    return one == other or one.startswith((f"{other}.", f"{other}["))
