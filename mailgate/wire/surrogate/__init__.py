"""What an international message looks like to a reader who knows ASCII headers alone."""

from mailgate.wire.surrogate.stream import Surrogate

__all__ = ["Surrogate"]
