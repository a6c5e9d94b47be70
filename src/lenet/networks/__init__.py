"""The eleven networks by name."""

from lenet.networks.registry import describe, names, options

__all__ = ["describe", "names", "options"]
