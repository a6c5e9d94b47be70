"""Conversion of pictures to the input of a model's network."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet import data
from lenet.errors import DataError
from lenet.model import Model


def network_picture(model: Model, picture: Any, fit: str = "pad") -> NDArray[np.uint8]:
    """Convert one picture to gray levels or colors for the model's network.

    Args:
        picture: ``"mnist:7"``, the test picture number 7 of a public data set, counted from 0; or a picture file, its
            bytes or a Pillow image. For a model of digits as ink, the digit that stands out most is found in it; any
            other takes the whole picture, as in training: see `Model.picture_kind`.
        fit: how a whole picture becomes a square, as `lenet.data.read_picture` takes it.

    Returns:
        uint8 gray levels (H, W), ink-high, or colors (3, H, W).

    Raises:
        DataError: if there is no such picture, or no digit in it.
    """
    if isinstance(picture, str) and (pixels := data_set_picture(picture)) is not None:
        return pixels
    picture_kind = model.picture_kind
    if picture_kind.kind == "digits":
        if fit != "pad":
            raise DataError(
                f"fit is {fit!r}, but {model.network.name} takes the ink of one digit, which is cut out of the "
                "picture wherever it is; leave fit out"
            )
        return _find_digit(picture)
    return data.read_picture(
        picture,
        size=picture_kind.side,
        color=picture_kind.kind == "color",
        polarity=picture_kind.polarity,
        fit=fit,
    )


def data_set_picture(picture: str) -> NDArray[np.uint8] | None:
    """The test picture that ``"mnist:7"`` names; None if the text names no public data set."""
    name, colon, number = picture.rpartition(":")
    if not colon or data.public_name(name) is None:
        return None
    images = data.load(name).test_images
    if not number.isdecimal() or int(number) >= len(images):
        raise DataError(f"{picture}: no such test picture; {name} has numbers 0 to {len(images) - 1}")
    return np.asarray(images[int(number)])


def _find_digit(picture: Any) -> NDArray[np.uint8]:
    from lenet.reading import Reader

    reading = Reader().read(picture, single=True)
    if not reading.digits:
        raise DataError(
            f"{reading.name}: no digit found; draw or photograph one dark digit on light paper, or light on dark"
        )
    return reading.digits[0].image
