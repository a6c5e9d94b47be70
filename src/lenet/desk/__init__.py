"""Human review of doubtful readings: a stack of pages on disk, its fields, answers, and exports."""
