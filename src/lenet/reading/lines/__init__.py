"""Lines: from ink to the lines of digits that it most likely is."""
