"""The command ``lenet``, which is also ``python -m lenet``: Ctrl-C ends it in one line at any time."""

import signal
import sys

from lenet.errors import Stopped


def run() -> int:
    """Run the command line of this process."""
    try:
        from lenet.cli import main  # here, because Ctrl-C may come while all that is imported

        return main()
    except KeyboardInterrupt:
        print("lenet: stopped", file=sys.stderr)
        return Stopped.exit_code
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left to be stopped


if __name__ == "__main__":
    sys.exit(run())
