"""The networks by name, and networks of one's own from TOML files."""

from lenet.networks.registry import describe, names, options, registered
from lenet.networks.toml_files import from_toml, to_toml

__all__ = ["describe", "from_toml", "names", "options", "registered", "to_toml"]
