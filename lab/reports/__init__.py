"""Documents written from results: the report of the reproduction in ``docs/``."""
