"""Tools of the repository that no installation holds: synthetic pictures, reports and long benchmarks.

Commands run from the repository's top folder: ``python -m lab.synthesis.pretrained``.
"""
