"""Types of the lab's pictures: what their arrays hold, shapes and ranges."""

import numpy as np
from numpy.typing import NDArray

Ink = NDArray[np.float32]  # (H, W), 0..1: 0 paper, 1 full ink
SceneColors = NDArray[np.float32]  # (H, W, 3), 0..1: RGB of what the camera looks at
Light = NDArray[np.float32]  # (H, W), 0..1: factor by which a scene's colors are multiplied, 1 in full light
Photo = NDArray[np.uint8]  # (H, W, 3) or (H, W), 0..255: as a camera or a scanner gives it
GrayLevels = NDArray[np.uint8]  # (H, W), 0..255
Mask = NDArray[np.uint8]  # (H, W) of 0 and 1
Generator = np.random.Generator  # of NumPy, not Python's generator functions
