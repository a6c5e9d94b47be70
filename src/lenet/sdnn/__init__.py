"""Digit-string recognition by the space displacement neural network of [LeCun98, VII].

LeNet-5 is slid over a wide field, at the price of a convolution; what it answers along the field becomes a graph, and
the path of least penalty through it is the string. Nothing is cut into digits first.

`lenet reproduce sdnn` trains and measures it; where it deviates from the paper, or fills what the paper leaves open,
stands in that row of `lenet.experiments.rows`.
"""
