"""Listening sockets: bound to a host and port, or one sentence why not."""

import ctypes
import errno
import socket
import struct
import sys
from contextlib import suppress

from lenet.errors import LeNetError, reason_of

BACKLOG = 2048  # connections that wait to be accepted

_SO_ATTACH_FILTER = 26  # of Linux
# For the system's filter of packets: load the flags of TCP; if SYN is among them, take 0 bytes of the packet, else all.
_NO_SYN = struct.pack("HBBI" * 4, 0x30, 0, 0, 13, 0x45, 0, 1, 0x02, 0x06, 0, 0, 0, 0x06, 0, 0, 0xFFFFFFFF)


def listen(host: str, port: int) -> socket.socket:
    """A socket that accepts connections.

    Raises:
        LeNetError: in one sentence, why there is none.
    """
    if type(port) is not int or not 0 <= port <= 65535:
        raise LeNetError(f"port is {port!r}, expected 0 to 65535")
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError):
        raise LeNetError(f"no such host {host!r}; 127.0.0.1 is this machine alone, 0.0.0.0 all that reach it") from None
    # Only of sockets that say TCP does asyncio switch off the waiting for acknowledgements, 40 ms of each small answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise LeNetError(_reason(error, host, port)) from None
    except OverflowError:
        listener.close()
        raise LeNetError(f"port is {port}, expected 0 to 65535") from None
    return listener


def end_connecting(listener: socket.socket) -> None:
    """Let no further connection begin; those that have begun can be accepted, and are as they were.

    A socket that is closed resets the connections which it has not accepted, and there would always be one more. Whom
    this keeps waiting is refused when the socket is closed. Where the system is not Linux, nothing is done.
    """
    if sys.platform == "linux":
        program = ctypes.create_string_buffer(_NO_SYN, len(_NO_SYN))
        with suppress(OSError):
            listener.setsockopt(
                socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(_NO_SYN) // 8, ctypes.addressof(program))
            )


def address_of(listener: socket.socket, host: str) -> str:
    """The URL at which a socket answers."""
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use; choose another one with --port, or 0 for any that is free"
    if error.errno == errno.EACCES:
        return f"not allowed to listen on port {port}; choose one above 1023 with --port"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine; 127.0.0.1 is this machine alone, 0.0.0.0 all its addresses"
    return f"cannot listen on port {port} of {host} ({reason_of(error)})"
