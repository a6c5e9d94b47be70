"""Networks run without torch."""

from lenet.engine.reference import activations, decide, forward, probabilities

__all__ = ["activations", "decide", "forward", "probabilities"]
