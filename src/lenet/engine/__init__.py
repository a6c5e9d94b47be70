"""Inference without torch: by the native engine where it was built, else in NumPy."""

from lenet.engine.forward import Forward, activations, engine_name, forward
from lenet.engine.reference import decide, probabilities

__all__ = ["Forward", "activations", "decide", "engine_name", "forward", "probabilities"]
