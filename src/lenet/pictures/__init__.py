"""Loading pictures: any file, image or array becomes upright RGB, or one sentence that says why not."""

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".heic", ".heif", ".avif", ".pdf"),
)
"""How the names of pictures end, lower case."""
