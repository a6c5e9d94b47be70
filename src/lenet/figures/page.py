"""Page layout of most figures: a title, a subtitle in a few lines, and panels side by side."""

from __future__ import annotations

from collections.abc import Sequence

from lenet.figures.panels import Panel
from lenet.figures.sheet import Sheet, Theme, text_width, wrap

MARGIN = 0.45
_TITLE, _SUBTITLE = 15, 9
UNBROKEN = "\u00a0"
"""No-break space, at which subtitles are not wrapped."""


def page(title: str, subtitle: str, panels: Sequence[Panel], theme: Theme) -> Sheet:
    """Lay out a sheet with a heading and panels side by side."""
    gap = 0.45
    inner = sum(panel.size[0] for panel in panels) + gap * (len(panels) - 1)
    width = 2 * MARGIN + max(inner, text_width(title, _TITLE, bold=True), 4.5)
    top = page_top(subtitle, width)
    sheet = Sheet(width, top + max(panel.size[1] for panel in panels) + 0.35, theme)
    heading(sheet, title, subtitle)
    x = MARGIN
    for panel in panels:
        panel.draw(sheet, x, top)
        x += panel.size[0] + gap
    return sheet


def page_top(subtitle: str, width: float) -> float:
    """Lower edge of the heading of a sheet of this width."""
    return 0.98 + 0.17 * len(_wrap_subtitle(subtitle, width))


def heading(sheet: Sheet, title: str, subtitle: str) -> None:
    """Write the title, and below it the subtitle, wrapped."""
    sheet.text(MARGIN, 0.6, title, _TITLE, bold=True)
    for index, line in enumerate(_wrap_subtitle(subtitle, sheet.width)):
        sheet.text(MARGIN, 0.84 + 0.17 * index, line, _SUBTITLE, sheet.theme.muted)


def _wrap_subtitle(subtitle: str, width: float) -> list[str]:
    return wrap(subtitle, width - 2 * MARGIN, _SUBTITLE)
