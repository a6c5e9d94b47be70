"""``python -m lenet`` is ``lenet``."""

import sys

from lenet.cli import main

sys.exit(main())
