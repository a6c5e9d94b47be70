"""Tables of readings: rows, and the files that grow by them."""
