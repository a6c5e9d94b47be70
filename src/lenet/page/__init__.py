"""The explorable page: networks and their account in one HTML file that needs nothing else."""

from lenet.page.document import page_document
from lenet.page.export import page_html, write_page

__all__ = ["page_document", "page_html", "write_page"]
