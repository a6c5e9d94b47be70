"""Forms: their fields as data, and the constraints that choose among readings of them."""
