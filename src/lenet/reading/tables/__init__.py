"""Tables of readings: as rows, and the files that rows are appended to."""
