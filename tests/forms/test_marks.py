"""Marks of forms: by those in its corners a page is found whose print is all alike; a QR code says which form it is."""

import cv2
import numpy as np
import pytest

from lenet.forms.alignment import NotThisForm, Sheet, align
from lenet.forms.marks import corner_marks
from lenet.forms.reader import FormReader
from lenet.forms.template import Template
from lenet.pictures.loading import open_picture

CORNERS = ((60, 60), (940, 60), (940, 1354), (60, 1354))
POINTS = np.array([[200.0, 300], [800, 300], [800, 1200], [200, 1200], [500, 700]])


def form(mark: str = "", code: str = "", height: int = 80) -> np.ndarray:
    """A page of boxes that all look alike, with marks in its corners and a QR code, uint8 (1414, 1000)."""
    page = np.full((1414, 1000), 255, np.uint8)
    for number, (x, y) in enumerate(CORNERS):
        inward = 1 if x < 500 else -1, 1 if y < 700 else -1
        if mark == "square":
            cv2.rectangle(page, (x - 14, y - 14), (x + 14, y + 14), 20, -1)
        elif mark == "L":
            cv2.rectangle(page, (x, y), (x + 40 * inward[0], y + 8 * inward[1]), 20, -1)
            cv2.rectangle(page, (x, y), (x + 8 * inward[0], y + 40 * inward[1]), 20, -1)
        elif mark == "ArUco":
            markers = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
            page[y - 24 : y + 24, x - 24 : x + 24] = cv2.aruco.generateImageMarker(markers, number, 48)
    for row in range(14 * 80 // height):
        for column in range(18):
            corner = 130 + 40 * column, 200 + row * height
            cv2.rectangle(page, corner, (corner[0] + 40, corner[1] + 50), 40, 2)
    if code:
        drawn = cv2.QRCodeEncoder.create().encode(code)
        side = 4 * drawn.shape[0]
        page[30 : 30 + side, 440 : 440 + side] = cv2.resize(drawn, (side, side), interpolation=cv2.INTER_NEAREST)
    return page


def photo(page: np.ndarray, angle: float, seed: int = 0, top: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A page on a table, turned and aslant, from this row of the photo on; and the homography that it is seen by."""
    rng = np.random.default_rng(seed)
    (height, width), side, turn = page.shape, 1500, np.deg2rad(angle)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    ends = ((corners - (width / 2, height / 2)) * 0.8 + rng.normal(0, 20, (4, 2))) @ turned.T + side / 2
    matrix = cv2.getPerspectiveTransform(corners, np.float32(ends - (0, top)))
    seen = cv2.warpPerspective(page, matrix, (side, side - top), flags=cv2.INTER_AREA, borderValue=90)
    lit = cv2.GaussianBlur(seen.astype(np.float32), (0, 0), 0.8) * np.linspace(0.6, 1, side)
    return np.uint8(np.clip(lit + rng.normal(0, 3, lit.shape), 0, 255)), matrix


def error(page: np.ndarray, taken: np.ndarray, matrix: np.ndarray) -> float:
    """How far off in the photo, in pixels, a page's places are found at most."""
    sheet = Sheet.of(open_picture(page))
    aligned = align(open_picture(taken), sheet)
    expected = cv2.perspectiveTransform(POINTS[None], matrix)[0]
    result = [aligned.at(y * sheet.scale[0], x * sheet.scale[1])[::-1] for x, y in POINTS]
    return float(np.linalg.norm(np.array(result) - expected, axis=1).max())


@pytest.mark.parametrize("angle", [7, 180, -80])
@pytest.mark.parametrize("mark", ["square", "L", "ArUco"])
def test_a_page_whose_boxes_all_look_alike_is_found_by_marks_in_its_corners_however_it_lies(mark, angle):
    page = form(mark)
    assert error(page, *photo(page, angle)) < 1.5


def test_without_marks_such_a_page_is_rejected_and_never_laid_a_box_aside():
    page = form()
    assert Sheet.of(open_picture(page)).marks is None
    with pytest.raises(NotThisForm):
        error(page, *photo(page, 7))


def test_a_page_with_a_corner_cut_off_is_rejected_where_only_marks_would_tell():
    page = form("square")
    with pytest.raises(NotThisForm):
        error(page, *photo(page, 3, top=400))


def test_another_form_with_the_same_marks_is_rejected():
    taken, _ = photo(form("square", height=97), 7)
    with pytest.raises(NotThisForm, match="does not show this form"):
        align(open_picture(taken), Sheet.of(open_picture(form("square"))))


def test_what_stands_in_four_corners_is_a_mark_only_if_all_are_alike():
    page = form("square")
    result = Sheet.of(open_picture(page)).marks
    scale = 1600 / 1414
    assert np.abs(result.centers - (np.array(CORNERS) + 0.5) * scale + 0.5).max() < 1
    assert result.fill > 0.9
    levels = 1 - page.astype(np.float32) / 255
    assert corner_marks(levels, 1.0) is not None
    levels[30:90, 30:90] = 0
    levels[50:66, 50:66] = 1  # half as wide
    assert corner_marks(levels, 1.0) is None


# --- codes -----------------------------------------------------------------------------------------------------------


def test_a_page_that_shows_another_code_is_another_form_and_the_same_code_is_this_one():
    sheet = Sheet.of(open_picture(form("square", "form 1998-B")))
    assert [code.text for code in sheet.codes] == ["form 1998-B"]
    for angle in (7, 180, -80):
        same, other = (photo(form("square", text), angle)[0] for text in ("form 1998-B", "form 1998-C"))
        assert align(open_picture(same), sheet).coverage > 0.9
        with pytest.raises(NotThisForm, match=r"is another form: its QR code says 'form 1998-C', this form's 'form"):
            align(open_picture(other), sheet)


def test_a_code_that_cannot_be_read_says_nothing():
    page = form("square", "form 1998-B")
    blotted = page.copy()
    cv2.circle(blotted, (480, 70), 40, 20, -1)
    assert align(open_picture(photo(blotted, 7)[0]), Sheet.of(open_picture(page))).coverage > 0.8


def test_the_reading_of_a_page_with_another_code_is_rejected_with_both_texts():
    text = 'page = [1414, 1000]\n[[field]]\nname = "a"\nkind = "digits"\nbox = [200, 130, 250, 850]\ncells = 18\n'
    reader = FormReader(Template.parse(text), blank=open_picture(form("square", "A")))
    reading = reader.read(form("square", "B"))
    assert (reading.status, reading.fields) == ("rejected", ())
    assert reading.reason == "is another form: its QR code says 'B', this form's 'A'"
    assert reader.read(form("square", "A")).status == "blank"
