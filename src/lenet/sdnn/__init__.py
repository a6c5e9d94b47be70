"""Strings of digits read whole: the space displacement neural network of [LeCun98, VII].

LeNet-5 is slid over a wide field, at the price of a convolution; what it answers along the field becomes a graph, and
the path of least penalty through it is the string. Nothing is cut into digits first.

Where this departs from the paper, or fills what it leaves open:

- the blank's code is not printed; it is the space of Fig. 3, 84 times -1;
- nor are the transducer's arcs and prices: a reconstruction (`decoding`), its prices chosen on validation strings;
- nor the share of windows without a digit in the middle, nor that of those with inverted pixels (`lessons`);
- windows are cut from strings of five digits, each of them distorted, not put together from three;
- gaps lie between boxes of ink that is at least a quarter as dark as full ink (`strings`);
- mini-batches and AdamW teach it, not one pattern at a time (`teaching`); the loss is eq. 9;
- whole strings are not trained on: the discriminative forward criterion of Fig. 27 is left out.
"""
