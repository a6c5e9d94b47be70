"""The explorable page: networks and their counts in one HTML file without dependencies."""

from lenet.page.document import page_document
from lenet.page.export import page_html, page_modules, write_page

__all__ = ["page_document", "page_html", "page_modules", "write_page"]
