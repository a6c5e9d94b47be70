"""Names for the arrays of the lab's pictures."""

import numpy as np
from numpy.typing import NDArray

Ink = NDArray[np.float32]  # (H, W): 0 paper, 1 ink
SceneColors = NDArray[np.float32]  # (H, W, 3): RGB of 0..1, before the camera
Photo = NDArray[np.uint8]  # (H, W, 3) or (H, W): as a camera or a scanner gives it
GrayLevels = NDArray[np.uint8]  # (H, W)
Mask = NDArray[np.uint8]  # (H, W) of 0 and 1
Generator = np.random.Generator
