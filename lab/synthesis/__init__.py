"""Synthetic pictures of digits and of what is none, and what is fitted to them: weights, calibration, path costs."""
