"""The compiled engine, native/binding.cpp; `lenet.engine.native` is its one user and gives it its types."""

from typing import Any

def __getattr__(name: str) -> Any: ...
