"""Compose the description that package indexes show, from README.md: `[[tool.dynamic-metadata]]` of pyproject.toml.

An index shows pictures and follows links only if their addresses are absolute. Relative ones of the README are made
absolute: they lead into the files of the version, below the address that `project.urls` calls Repository. If there is
no such address, pictures are left out and links become their words alone, so that nothing is broken.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

README_FILE = "README.md"
_RELATIVE = r"(?!https?:|mailto:|#)[^)\s]+"
_PICTURE = re.compile(rf"!\[(?P<alt>[^\]]*)\]\((?P<target>{_RELATIVE})\)")
_LINK = re.compile(rf"(?<!!)\[(?P<words>[^\]]*)\]\((?P<target>{_RELATIVE})\)")
# Lines that hold nothing but pictures or links, which are removed whole.
_LINK_LINES = re.compile(rf"^(?:!?\[[^\]]*\]\({_RELATIVE}\)(?: · )?)+\n\n", re.MULTILINE)


def compose_long_description(readme: str, repository: str | None, version: str) -> str:
    """Compose the Markdown for a package index, with links into a repository's files of a version, or without links."""
    if repository is None:
        return _LINK.sub(r"\g<words>", _PICTURE.sub("", _LINK_LINES.sub("", readme)))
    root = repository.rstrip("/")
    readme = _PICTURE.sub(rf"![\g<alt>]({root}/raw/v{version}/\g<target>)", readme)
    return _LINK.sub(rf"[\g<words>]({root}/blob/v{version}/\g<target>)", readme)


def dynamic_metadata(settings: Mapping[str, Any], project: Mapping[str, Any]) -> dict[str, Any]:
    """Return the project's ``readme`` metadata; scikit-build-core calls this hook in the repository's top folder."""
    readme = Path(README_FILE).read_text(encoding="utf-8")
    text = compose_long_description(readme, project.get("urls", {}).get("Repository"), project["version"])
    return {"readme": {"text": text, "content-type": "text/markdown"}}
