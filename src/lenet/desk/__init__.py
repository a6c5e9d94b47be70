"""A desk for what reading was not sure of: a stack of pages on disk, the fields that are asked, and what comes out."""
