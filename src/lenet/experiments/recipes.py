"""Recipes of the papers' networks: stochastic diagonal Levenberg–Marquardt [LeCun98, appendix C]."""

from dataclasses import replace

from lenet.training.recipes import PUBLISHED_RATES, SDLM

LENET_5 = SDLM
# Drawn biases were chosen on training patterns set aside; with squared errors they bring nothing there.
SQUARED = replace(SDLM, loss="sum-squared-error", j=0.0, init="sqrt")
# The papers print no rates for these networks: the rows say what was tried on training patterns set aside.
LENET_1 = replace(SQUARED, rates=tuple(round(4 * eta, 6) for eta in PUBLISHED_RATES))
ZIP_CODES = replace(SQUARED, epochs=23, rates=(0.0003,) * 23)
