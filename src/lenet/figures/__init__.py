"""Figures of networks: diagrams, feature maps, kernels, connection tables, units, saliency (extra ``figures``)."""

from lenet.figures.diagram import draw_diagram, write_diagram
from lenet.figures.each_map import draw_each_map
from lenet.figures.folder import FigureFolder
from lenet.figures.maps import draw_kernels, draw_maps, draw_poster, draw_table
from lenet.figures.receptive import draw_receptive_field
from lenet.figures.saliency import draw_saliency
from lenet.figures.stages import ForwardPass
from lenet.figures.strip import draw_strip
from lenet.figures.unit_text import write_unit
from lenet.figures.units import find_unit

__all__ = [
    "FigureFolder",
    "ForwardPass",
    "draw_diagram",
    "draw_each_map",
    "draw_kernels",
    "draw_maps",
    "draw_poster",
    "draw_receptive_field",
    "draw_saliency",
    "draw_strip",
    "draw_table",
    "find_unit",
    "write_diagram",
    "write_unit",
]
