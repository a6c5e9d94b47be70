"""A figure is the same bytes whichever fonts are installed and whatever the user's settings of matplotlib say."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from matplotlib import font_manager, get_data_path
from matplotlib.textpath import text_to_path
from PIL.ImageFont import truetype

from lenet import describe, figures, fonts
from lenet.figures import sheet
from lenet.figures.sheet import LIGHT, Sheet, text_width

OWN = Path(get_data_path(), "fonts/ttf/DejaVuSans.ttf")
DRAW = """
import sys
from pathlib import Path

from lenet import describe, figures, fonts
from lenet.figures.chart import Chart, legend
from lenet.figures.sheet import Sheet

folder = Path(sys.argv[1])
figures.write_diagram(describe("lenet-5"), folder / "diagram.svg")
figures.write_diagram(describe("lenet-5"), folder / "diagram.png", dpi=60)
figures.draw_table(describe("lenet-5"), figures.FigureFolder(folder, dpi=60))
sheet = Sheet(5, 4)
chart = Chart(sheet, 1, 1, 3, 2, (0, 2), (0, 2))
chart.frame([0, 1, 2], [0, 1, 2], "across", "up")
chart.line([0, 1, 2], [0, 2, 1], "#16202e")
chart.dots([0, 1, 2], [2, 1, 0], "#16202e")
legend(sheet, 1, 0.8, [("ring", "#16202e", "rings"), ("line", "#16202e", "lines")])
sheet.save(folder / "chart.png", 60)
sheet.save(folder / "chart.svg")
"""
# Times and Helvetica's kin, wherever they come from: fonts that figures were once laid out in, and a taste.
OTHER_SETTINGS = """
font.family: serif
font.sans-serif: Liberation Sans, Arial
font.style: italic
font.weight: bold
text.hinting: none
lines.linestyle: --
lines.marker: x
lines.antialiased: False
axes.facecolor: pink
figure.dpi: 50
savefig.dpi: 40
savefig.bbox: tight
savefig.transparent: True
image.interpolation: bicubic
image.origin: lower
path.simplify: False
svg.fonttype: path
"""


def bytes_drawn(folder, settings="", fonts=()):
    """What a process of its own draws, with a matplotlibrc and a font list of its own."""
    home = folder / "settings"
    home.mkdir(parents=True)
    (home / "matplotlibrc").write_text(settings)
    installed = f"from matplotlib import font_manager\nfor path in {list(map(str, fonts))!r}:\n"
    installed += "    font_manager.fontManager.addfont(path)\n"
    # First in the list, as a font that a newer system brings may be; of two with one name matplotlib takes the first.
    installed += "    font_manager.fontManager.ttflist.insert(0, font_manager.fontManager.ttflist.pop())\n" * bool(
        fonts
    )
    environment = os.environ | {"MPLCONFIGDIR": str(home), "MATPLOTLIBRC": str(home / "matplotlibrc")}
    code = [sys.executable, "-c", (installed if fonts else "") + DRAW, str(folder)]
    subprocess.run(code, env=environment, check=True, capture_output=True)
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return bytes_drawn(tmp_path_factory.mktemp("plain"))


def disguised(folder, name):
    """A font of matplotlib's, serif, under another family's name: a font that only some machines have."""
    fonttools = pytest.importorskip("fontTools.ttLib")
    font = fonttools.TTFont(Path(get_data_path(), "fonts/ttf/DejaVuSerif.ttf"))
    for record in font["name"].names:
        if record.nameID in (1, 4, 16):
            record.string = name
    font.save(folder / "font.ttf")
    return folder / "font.ttf"


@pytest.mark.parametrize("name", ["Inter", "Helvetica", "Arial", "Liberation Sans", "DejaVu Sans"])
def test_another_installed_font_changes_no_byte(plain, tmp_path, name):
    assert bytes_drawn(tmp_path / "drawn", fonts=[disguised(tmp_path, name)]) == plain


def test_the_users_settings_of_matplotlib_change_no_byte(plain, tmp_path):
    assert set(plain) == {"diagram.svg", "diagram.png", "table_c3.png", "chart.png", "chart.svg"}
    assert bytes_drawn(tmp_path, OTHER_SETTINGS) == plain


def test_letters_are_of_matplotlibs_own_font_in_the_sheet_and_in_what_is_measured():
    page = Sheet(2, 2)
    page.text(1, 1, "60,000 parameters − 5×5 · é")
    (text,) = page.axes.texts
    assert Path(text.get_fontproperties().get_file()) == OWN
    font = font_manager.FontProperties(fname=OWN, size=9)
    width = text_to_path.get_text_width_height_descent("60,000 parameters", font, ismath=False)[0] / 72
    assert text_width("60,000 parameters", 9) == width


def test_an_svg_asks_first_for_the_font_that_it_was_laid_out_in(plain):
    svg = plain["diagram.svg"].decode()
    assert svg.count("font-family") == svg.count("<text")
    assert svg.count("font-family: 'DejaVu Sans', ") == svg.count("<text")


def test_chinese_is_of_a_font_that_is_installed_and_latin_beside_it_still_of_matplotlibs(monkeypatch):
    path = str(Path(get_data_path(), "fonts/ttf/STIXGeneral.ttf"))
    monkeypatch.setattr(sheet, "font_for", lambda text, size: truetype(path, size))
    page = Sheet(2, 2)
    page.text(1, 1, "数字 7")
    assert page.axes.texts[0].get_fontproperties().get_family() == ["DejaVu Sans", "STIXGeneral", "sans-serif"]
    page.text(1, 1, "7")
    assert Path(page.axes.texts[1].get_fontproperties().get_file()) == OWN


def test_chinese_without_a_font_is_drawn_as_boxes_which_is_said_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fonts, "_installed_fonts", tuple)
    monkeypatch.setattr(fonts, "_warned", set())
    fonts.font_for.cache_clear()
    page = Sheet(2, 2, LIGHT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page.text(1, 1, "数字")
        page.text(1, 1, "字")
        assert text_width("数字", 9) > 0
        assert page.save(tmp_path / "boxes.png").exists()
    assert Path(page.axes.texts[0].get_fontproperties().get_file()) == OWN
    one, other = Sheet(2, 2, LIGHT), Sheet(2, 2, LIGHT)
    one.text(1, 1, "数")
    other.text(1, 1, "\U00012000")  # of another script, for which matplotlib's last resort has another picture
    pictures = [page.save(tmp_path / f"{place}.png").read_bytes() for place, page in enumerate((one, other))]
    assert pictures[0] == pictures[1]
    assert capsys.readouterr().err.count("no font is installed that has 字数") == 1
    assert figures.write_diagram(describe("lenet-1"), tmp_path / "one.svg").exists()
