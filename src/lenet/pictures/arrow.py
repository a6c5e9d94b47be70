"""Pixels of decoded pictures as arrays, by Arrow's C data interface: one copy, where `numpy.asarray` makes two."""

import ctypes

import numpy as np
from numpy.typing import NDArray
from PIL import Image


class _Array(ctypes.Structure):
    """The struct `ArrowArray` of the interface, up to what is read here."""


_Array._fields_ = [
    *((name, ctypes.c_int64) for name in ("length", "null_count", "offset", "n_buffers", "n_children")),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
]
_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype, _pointer_of.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)


def pixels_of(image: Image.Image) -> NDArray[np.generic]:
    """What `numpy.asarray` gives of a picture; of RGB, whose pixels Pillow keeps in four bytes, in a third of the time.

    >>> pixels_of(Image.new("RGB", (2, 1), (10, 20, 30))).tolist()
    [[[10, 20, 30], [10, 20, 30]]]
    """
    if image.mode == "RGB" and hasattr(image, "__arrow_c_array__"):
        import cv2

        image.load()
        try:
            _, capsule = image.__arrow_c_array__()
        except ValueError:  # the pixels do not lie in one piece
            return np.asarray(image)
        array = _Array.from_address(_pointer_of(capsule, b"arrow_array"))
        levels = array.children[0].contents
        if array.offset == levels.offset == 0 and levels.length == 4 * image.width * image.height:
            address = levels.buffers[1]
            stored = (ctypes.c_uint8 * levels.length).from_address(address)
            # The capsule keeps them until they are copied.
            four = np.frombuffer(stored, np.uint8).reshape(image.height, image.width, 4)
            return np.asarray(cv2.cvtColor(four, cv2.COLOR_RGBA2RGB))
    return np.asarray(image)
