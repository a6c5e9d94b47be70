"""Selection of the engine: the native one where it can run, else torch for training and NumPy for inference.

``LENET_ENGINE`` forces one by name. Where the native engine is missing and none is forced, one warning on stderr per
process names the command that installs it.
"""

import json
import os
import shlex
import sys
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from lenet.engine import native
from lenet.errors import EngineError, MissingExtra

ENGINE_VARIABLE = "LENET_ENGINE"
INSTRUCTION_SETS = ("avx512", "avx2", "neon", "baseline")
ENGINES = (*INSTRUCTION_SETS, "torch", "numpy")
COMPILERS = ("c++", "g++", "clang++")

_EXTENSION = "lenet.engine._native"


@dataclass(frozen=True)
class Extension:
    """The compiled module of the native engine in this installation.

    Attributes:
        path: its file, or None where it was not built.
        problem: why it cannot be used, or None where it can.
        compiled: the instruction sets that it has kernels for, best first, whether this processor has them or not.
    """

    path: str | None
    problem: str | None
    compiled: tuple[str, ...] = ()


def choose_engine(fallback: Literal["torch", "numpy"] = "numpy") -> str:
    """The name of the engine to use: an instruction set of the native engine, ``"torch"`` or ``"numpy"``.

    Args:
        fallback: the fallback where the native engine is missing.

    Raises:
        EngineError: if LENET_ENGINE names an engine that does not exist, or that this machine cannot run; or if torch
            is to be used, and is not installed.
        MissingExtra: if LENET_ENGINE asks for torch, and torch is not installed.
    """
    forced = os.environ.get(ENGINE_VARIABLE, "")
    if forced:
        _check(forced)
        return forced
    sets: list[str] = native.instruction_sets()
    if sets:
        return sets[0]
    if fallback == "torch" and find_spec("torch") is None:
        raise EngineError(
            f"training needs the native engine, which {inspect_extension().problem}, or torch, which is not installed; "
            f"{_remedy()}; or install torch with: pip install 'lenet[train]'"
        )
    _warn_of_fallback()
    return fallback


def describe_engine() -> dict[str, Any]:
    """The result of `choose_engine` and its reason, without the warning.

    Returns:
        ``training`` and ``reading``, the engines' names, or None where LENET_ENGINE forces what cannot run;
        ``reason``, why these; ``problem``, why none, or None; ``forced``, the value of LENET_ENGINE or None;
        ``instruction_sets``, those the native engine can use here, best first;
        ``extension``, the attributes of `Extension`; ``remedy``, the command that builds it again.
    """
    forced = os.environ.get(ENGINE_VARIABLE) or None
    sets = native.instruction_sets()
    training: str | None = sets[0] if sets else "torch"
    reading: str | None = sets[0] if sets else "numpy"
    reason = "the best that was built and this processor has" if sets else "there is no native engine"
    problem = None
    if forced:
        reason = f"{ENGINE_VARIABLE} asks for it"
        try:
            _check(forced)
            training = reading = forced
        except (EngineError, MissingExtra) as error:
            training = reading = None
            problem = str(error)
    return {
        "training": training,
        "reading": reading,
        "reason": reason,
        "problem": problem,
        "forced": forced,
        "instruction_sets": sets,
        "extension": asdict(inspect_extension()),
        "remedy": install_command(),
    }


def inspect_extension() -> Extension:
    """Check whether the compiled module exists, and whether it loads."""
    spec = find_spec(_EXTENSION)
    if spec is None:
        return Extension(None, "was not built")
    try:
        compiled = tuple(import_module(_EXTENSION).compiled_instruction_sets())
    except Exception as error:  # a damaged module may raise anything
        reason = " ".join(str(error).split()).removeprefix(f"{spec.origin}: ")
        return Extension(spec.origin, f"does not load ({reason})")
    problem = None if native.instruction_sets() else "has no kernels for this processor"
    return Extension(spec.origin, problem, compiled)


def install_command() -> str:
    """The command that rebuilds this installation from the same checkout, archive, repository or index.

    A wheel holds no sources: they are taken from the archive beside it, or else from the index.
    """
    from importlib.metadata import PackageNotFoundError, distribution  # here, because every command imports this module
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    reinstall, no_cache = (
        "pip install --force-reinstall --no-deps",
        "--no-cache-dir",
    )  # pip keeps the wheels that it has built
    try:
        source = json.loads(distribution("lenet").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        source = {}
    url = str(source.get("url", ""))
    path = Path(url2pathname(urlsplit(url).path)) if url.startswith("file:") else None
    if urlsplit(url).path.endswith(".whl"):
        archive = path and path.with_name("-".join(path.name.split("-")[:2]) + ".tar.gz")
        url, path = (url, archive) if archive and archive.is_file() else ("", None)
    if not url:
        return f"{reinstall} {no_cache} --no-binary lenet lenet"
    if revision := source.get("vcs_info"):
        return f"{reinstall} {no_cache} {shlex.quote(revision['vcs'] + '+' + url + '@' + revision['commit_id'])}"
    if path is None:
        return f"{reinstall} {no_cache} {shlex.quote(url)}"
    folder = source.get("dir_info")
    option = no_cache if folder is None else "-e" if folder.get("editable") else ""
    return " ".join(filter(None, (reinstall, option, shlex.quote(str(path)))))


def _check(name: str) -> None:
    """Raise EngineError or MissingExtra unless the engine of this name can run here."""
    if name not in ENGINES:
        suggestions = get_close_matches(name, ENGINES, n=2)
        hint = f"; did you mean {' or '.join(suggestions)}?" if suggestions else ";"
        raise EngineError(f"unknown engine {name!r} in {ENGINE_VARIABLE}{hint} known: {', '.join(ENGINES)}")
    if name == "torch" and find_spec("torch") is None:
        raise MissingExtra("torch", "train", f"{ENGINE_VARIABLE}=torch")
    if name in INSTRUCTION_SETS and name not in (sets := native.instruction_sets()):
        if sets:
            raise EngineError(f"{ENGINE_VARIABLE}={name} cannot run on this processor; it can run: {', '.join(sets)}")
        raise EngineError(
            f"{ENGINE_VARIABLE}={name} needs the native engine, which {inspect_extension().problem}; {_remedy()}"
        )


def _remedy() -> str:
    return f"to get the engine, install a C++ compiler (GCC or Clang), then: {install_command()}"


@cache
def _warn_of_fallback() -> None:
    fallback = "training uses torch and reading uses NumPy, both slower"
    if find_spec("torch") is None:
        fallback = "reading uses NumPy, which is slower, and nothing trains"
    print(
        f"lenet: the native engine {inspect_extension().problem}; {fallback}; {_remedy()}",
        file=sys.stderr,
    )
