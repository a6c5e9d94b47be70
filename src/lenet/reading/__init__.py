"""Reading: from a photo, scan or drawing to the digits in it."""

from lenet.reading.ink import Polarity
from lenet.reading.normalization import normalize
from lenet.reading.reader import Digit, Reader, Reading

__all__ = ["Digit", "Polarity", "Reader", "Reading", "normalize"]
