"""Pictures of what networks hold and do: feature maps, kernels, connection tables, answers (extra ``figures``)."""

from lenet.figures.maps import draw_kernels, draw_maps, draw_poster, draw_table

__all__ = ["draw_kernels", "draw_maps", "draw_poster", "draw_table"]
