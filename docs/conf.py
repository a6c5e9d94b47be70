"""The site: one build for each language, from pages that stand side by side (`reading.md`, `reading.zh-CN.md`).

`make docs` calls sphinx-build twice, the second time with ``-t zh-CN``. Pages with cells are executed, and what came of
them is cached by their code and the package's; nothing is asked of the network, neither here nor by the pages.
"""

import hashlib
import logging
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform

import lenet

ROOT = Path(__file__).resolve().parents[1]
MARK = ".zh-CN"  # what the name of a Chinese page ends with
CHINESE = tags.has("zh-CN")  # noqa: F821  (Sphinx puts it there)

project = "lenet"
author = "The lenet authors"
release = version = lenet.__version__
language = "zh_CN" if CHINESE else "en"
locale_dirs = ["locale"]
if CHINESE:
    import jieba  # cuts the words of the search, and would say so
    from sphinx.search.zh import SearchChinese

    jieba.setLogLevel("WARNING")
    SearchChinese.language_name = "English"  # what its stemmer is for: by its own name the page looks for another
    glossary = (ROOT / f"docs/glossary{MARK}.md").read_text("utf-8")
    for term in re.findall("^\\| ([\u4e00-\u9fff]+) \\|", glossary, re.MULTILINE):
        jieba.add_word(term)  # else it is cut, and not found when it is looked for
root_doc = f"index{MARK}" if CHINESE else "index"
include_patterns = [f"**{MARK}.md"] if CHINESE else ["**.md"]
exclude_patterns = [] if CHINESE else [f"**{MARK}.md"]

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx-mathjax-offline"]
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
suppress_warnings = ["misc.highlighting_failure", "myst.header", "config.cache"]
highlight_language = "none"
smartquotes = False  # -- is an option
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def _source_digest() -> str:
    """Digest of what decides the outputs of cells beside their code: the sources of package and engine, and weights."""
    digest, folders = hashlib.sha256(), (Path(lenet.__file__).parent, ROOT / "native")
    for path in sorted(path for folder in folders for path in folder.rglob("*")):
        if path.suffix in (".py", ".toml", ".json", ".safetensors", ".cpp", ".h"):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


os.environ["XDG_STATE_HOME"] = str(ROOT / "build/docs/state")  # the lessons' answers are not the builder's
os.environ["IPYTHONDIR"] = str(ROOT / "build/docs/ipython")  # nor are the kernels' settings
_profile = Path(os.environ["IPYTHONDIR"], "profile_default")
_profile.mkdir(parents=True, exist_ok=True)
_profile.joinpath("ipython_kernel_config.py").write_text('get_config().IPKernelApp.log_level = "ERROR"\n', "utf-8")
logging.getLogger("traitlets").setLevel(logging.WARNING)
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # cells call `lenet`
nb_execution_mode = "cache"
nb_execution_cache_path = str(ROOT / "build/docs/cache" / f"{lenet.__version__}-{_source_digest()}")
nb_execution_raise_on_error = True
nb_execution_timeout = 1200  # a cell that hangs, not one on a busy machine
nb_merge_streams = True
nb_ipywidgets_js: dict[str, Any] = {}  # no widgets, and nothing from a CDN
nb_mime_priority_overrides = [("html", "image/svg+xml", 0)]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
napoleon_google_docstring = True

html_theme = "furo"
html_title = "lenet"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
templates_path = ["_templates"]
html_copy_source = html_show_sourcelink = html_show_copyright = False
html_theme_options = {"top_of_page_buttons": ["view"], "navigation_with_keys": False}

# Pages that stand elsewhere in the repository, and the page of the site that includes each.
INCLUDED = {"CHANGELOG": "changelog", "CONTRIBUTING": "contributing", "native/README": "native"}


class OtherPages(SphinxPostTransform):
    """Links to pages of the other language lead into its site, those to files that a page includes to that page."""

    default_priority = 8  # before MyST says that it does not know the page

    def run(self, **kwargs: Any) -> None:
        for node in list(self.document.findall(addnodes.pending_xref)):
            if node["reftarget"].removesuffix(".md") == _other(self.env.docname) and len(node.parent) == 1:
                node.parent.parent.remove(node.parent)  # the line for readers of the file: the site has a switch
        for node in list(self.document.findall(addnodes.pending_xref)):
            target = node["reftarget"].removesuffix(".md")
            if node.get("reftype") != "myst" or target in self.env.all_docs:
                continue
            target = INCLUDED.get(os.path.relpath(ROOT / "docs" / target, ROOT)) or INCLUDED.get(target) or target
            if target in self.env.all_docs:
                node["refdomain"], node["reftarget"], node["reftargetid"] = "doc", target, node.get("reftargetid")
            elif (ROOT / "docs" / f"{target}.md").is_file():
                up = "../" * (1 + self.env.docname.count("/"))
                uri = f"{up}{'zh-CN' if target.endswith(MARK) else 'en'}/{target}.html"
                if node.get("reftargetid"):
                    uri += f"#{node['reftargetid']}"
                link = nodes.reference("", "", *node.children, refuri=uri, internal=False)
                node.replace_self(link)


def _other(page: str) -> str:
    """The name that the page has in the other language."""
    return page.removesuffix(MARK) if CHINESE else f"{page}{MARK}"


def _counterpart(page: str) -> tuple[str, bool]:
    """The page's address in the other language, from the folder of both sites, and whether it is a translation."""
    other = _other(page)
    exists = (ROOT / "docs" / f"{other}.md").is_file()
    first = "index" if CHINESE else f"index{MARK}"
    return f"{'en' if CHINESE else 'zh-CN'}/{other if exists else first}.html", exists


def _add_language_switch(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    address, exists = _counterpart(page) if doctree else _counterpart("index.zh-CN" if CHINESE else "index")
    context["other_language"] = "English" if CHINESE else "简体中文"
    context["other_language_code"] = "en" if CHINESE else "zh-CN"
    context["other_language_page"] = "../" * (1 + page.count("/")) + address
    context["other_language_has_page"] = exists


def _add_heading_levels(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Sphinx calls the captions of its table of contents headings, and gives them no level."""
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace('role="heading"', 'role="heading" aria-level="2"')


def _notebook(page: str) -> Path | None:
    """The page as a notebook with its outputs, if it has cells."""
    path = ROOT / "build/docs/jupyter_execute" / f"{page}.ipynb"
    return path if path.is_file() else None


def _add_notebook(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    if doctree and (path := _notebook(page)):
        copy = Path(app.outdir, "notebooks", path.name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        context["notebook"] = "../" * page.count("/") + f"notebooks/{path.name}"
        context["notebook_label"] = "下载为 notebook" if CHINESE else "Download as a notebook"


def _complete(app: Any, error: Exception | None) -> None:
    """Lead from the address of a folder to its first page, and lay beside pages the pictures that their HTML names."""
    shutil.copytree(ROOT / "docs/images/reproduction", Path(app.outdir, "images/reproduction"), dirs_exist_ok=True)
    entrances = {Path(app.outdir).parent: "en/index.html"}
    if CHINESE:
        entrances[Path(app.outdir)] = f"index{MARK}.html"
    for folder, target in entrances.items():
        head = f'<meta charset="utf-8"><title>lenet</title><meta http-equiv="refresh" content="0; url={target}">'
        (folder / "index.html").write_text(f'<!doctype html>{head}<a href="{target}">lenet</a>\n', "utf-8")


def setup(app: Any) -> None:
    app.add_post_transform(OtherPages)
    app.connect("html-page-context", _add_language_switch)
    app.connect("html-page-context", _add_notebook)
    app.connect("html-page-context", _add_heading_levels, priority=900)  # after the theme has made it
    app.connect("build-finished", _complete)
