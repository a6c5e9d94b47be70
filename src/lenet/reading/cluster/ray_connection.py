"""Connection to a cluster of Ray, or one of this machine alone, closed to everybody else."""

import atexit
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lenet.engine.native import usable_cores
from lenet.errors import LeNetError, MissingExtra, first_line

LOCAL = "local"
_OBJECT_STORE_BYTES = 100_000_000  # it holds the names of pictures that wait, and what became of blocks
_SECONDS_TO_CONNECT = 10.0
_MAX_TEMPORARY = 40  # bytes of a folder's name: below it are sockets, whose names have no more than 107
_RAY_VARIABLES = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    # Without it workers warn that a later version of Ray will hide no GPUs from tasks that ask for none.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
# By this name Ray asks whether a machine is one of several. If not, each of its ports is bound to 127.0.0.1.
_MANY_MACHINES = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"


@contextmanager
def connected(address: str, cores: int | None = None) -> Iterator[int]:
    """Connect to a cluster of Ray, and leave it at the end; a context, which gives the number of its cores.

    One that this process is connected to already is taken as it is, and stays. Usage reports are off and tokens
    on, unless the environment says otherwise by Ray's own variables.

    Args:
        address: ``HOST:PORT``, ``"auto"`` for a cluster that this machine is part of, or ``"local"``, which starts one
            on this machine: bound to 127.0.0.1, with a token that nobody else can read, without a dashboard. It ends
            with the context.
        cores: how many a local one has, by default all.

    Raises:
        MissingExtra: if Ray is not installed.
        LeNetError: if there is no such cluster, or it wants another token.
    """
    if "ray" in sys.modules and _import_ray().is_initialized():
        yield _cores_of(_import_ray())
        return
    set_environment(starts_cluster=address == LOCAL)
    ray = _import_ray()
    _check_address(address)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    folder = tempfile.mkdtemp(prefix="lenet-ray-", dir=_short_folder()) if address == LOCAL else None
    try:
        options = {"address": address} if folder is None else _local_options(folder, cores)
        try:
            ray.init(**options, log_to_driver=False, logging_level=logging.ERROR)
        except (ray.exceptions.RayError, ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise LeNetError(
                f"ray {address}: cannot be reached ({first_line(error)}); expected HOST:PORT of a cluster of Ray "
                f"{ray.__version__} whose token RAY_AUTH_TOKEN_PATH names, 'auto', or 'local' for this machine alone"
            ) from None
        finally:
            _restore(handlers)  # which Ray replaces
        yield _cores_of(ray)
    finally:
        ray.shutdown()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def set_environment(starts_cluster: bool) -> None:
    """Set Ray's variables in this process: no reports, tokens on. Ray looks at them when it is imported.

    Args:
        starts_cluster: whether this process starts one: bound to 127.0.0.1, with a token of this process's own.

    Raises:
        LeNetError: if it does, and Ray was imported before.
    """
    if starts_cluster and "ray" in sys.modules and os.environ.get(_MANY_MACHINES) != "0":
        raise LeNetError(
            "Ray was imported before, and would start a cluster that is open to other machines; call ray.init first, "
            "or leave its import to lenet"
        )
    for name, value in _RAY_VARIABLES.items():
        os.environ.setdefault(name, value)
    if starts_cluster:
        os.environ.setdefault(_MANY_MACHINES, "0")
        _set_token()


def _check_address(address: str) -> None:
    """Refuse an address at which nobody listens; Ray would try it for minutes."""
    host, colon, port = address.rpartition(":")
    if not colon:
        return
    try:
        socket.create_connection((host, int(port)), _SECONDS_TO_CONNECT).close()
    except (OSError, ValueError, OverflowError) as error:
        raise LeNetError(
            f"ray {address}: nobody answers there ({first_line(error).lower()}); expected HOST:PORT of a cluster's head"
        ) from None


def check_installed() -> None:
    """Raise MissingExtra unless Ray, and pyarrow, which it reads data by, are there; neither is imported."""
    if not all(map(find_spec, ("ray", "pyarrow"))):
        raise MissingExtra("ray", "cluster", "reading by many machines")


def _import_ray() -> Any:
    check_installed()
    import ray
    import ray.data

    return ray


def _local_options(folder: str, cores: int | None) -> dict[str, Any]:
    return {
        "address": LOCAL,
        "num_cpus": cores or usable_cores(),
        "include_dashboard": False,
        "object_store_memory": _OBJECT_STORE_BYTES,
        "_temp_dir": folder,
    }


def _cores_of(ray: Any) -> int:
    cores = int(ray.cluster_resources().get("CPU", 0))
    if cores < 1:
        raise LeNetError("the cluster of Ray has no cores; start its machines with --num-cpus of 1 or more")
    return cores


@cache
def _set_token() -> None:
    """Give Ray a token for this process, unless the environment names one."""
    if "RAY_AUTH_TOKEN" in os.environ or "RAY_AUTH_TOKEN_PATH" in os.environ:
        return
    folder = Path(tempfile.mkdtemp(prefix="lenet-ray-token-"))  # which nobody else can look into
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "token"
    path.write_text(secrets.token_hex(32))
    os.environ["RAY_AUTH_TOKEN_PATH"] = str(path)


def _short_folder() -> str | None:
    """The folder for temporary folders; None for the usual one, if its name is short."""
    return "/tmp" if len(tempfile.gettempdir()) > _MAX_TEMPORARY and Path("/tmp").is_dir() else None


def _restore(handlers: dict[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        if handler is not None and signal.getsignal(number) is not handler:
            signal.signal(number, handler)
