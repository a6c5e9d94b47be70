"""Remarks over HTTP: with the names of parameters in place of the command line's options."""

import re

_OPTION = re.compile(r"--([a-z][a-z-]*)")
_PARAMETERS = {
    "single": "single=true",
    "ink-high": "polarity=ink-high",
    "paper-high": "polarity=paper-high",
    "all-pages": "pages=all",
    "no-turn": "turn=false",
    "no-grid": "grid=false",
}


def with_parameters(remark: str) -> str:
    """A sentence in which options stand, with the parameters that mean the same.

    >>> with_parameters("none of the shapes looks like one; --single reads the one that stands out most")
    'none of the shapes looks like one; single=true reads the one that stands out most'
    >>> with_parameters("try --max-error")
    'try max_error='
    """
    return _OPTION.sub(lambda match: _PARAMETERS.get(match[1], f"{match[1].replace('-', '_')}="), remark)
