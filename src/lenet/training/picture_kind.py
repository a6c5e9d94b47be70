"""Inference of the kind of pictures in a data set, for a model's input contract."""

import numpy as np

from lenet.classes import digit_indices
from lenet.data import CATALOG, Dataset
from lenet.model import PictureKind

SAMPLE_SIZE = 200


def infer_picture_kind(data: Dataset) -> PictureKind:
    """Infer the kind of a data set's pictures.

    Pictures of the ten digits are ``"digits"`` if the data set is a public one, or if most look as MNIST's do; else
    they are whole pictures, as all others.
    """
    channels, height, width = data.input_shape
    polarity = str(data.provenance.get("pictures", {}).get("polarity", "auto"))
    if channels == 3:
        return PictureKind("color", max(height, width), polarity)
    are_digits = digit_indices(data.class_names) is not None and (data.name in CATALOG or _are_prepared(data))
    return PictureKind("digits" if are_digits else "gray", max(height, width), polarity)


def _are_prepared(data: Dataset) -> bool:
    from lenet.reading.foreground.ink import Polarity  # here, because only own digits need a picture library
    from lenet.reading.prepared import find_prepared

    images = data.train_images[:: -(-len(data.train_images) // SAMPLE_SIZE)]
    colors = (np.repeat(image[..., None], 3, axis=2) for image in images)
    return 2 * sum(find_prepared(image, Polarity.INK_HIGH) is not None for image in colors) > len(images)
