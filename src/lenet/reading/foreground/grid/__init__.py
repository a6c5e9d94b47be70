"""Grids: printed rules as curves with their thickness, the cells between them, and the ink without them.

A straight stroke of a pen becomes a rule by what it meets: it bounds a cell, a region of paper of four straight sides,
that has ink inside or others like it beside it. A 1 between two rules does not reach both; the foot of a 2 bounds
nothing.

`detection.find_grid` goes from the ink map of a page to its grid, each step in a module of its own:

1. `runs`: straight runs of ink, nearly level ones and nearly upright ones.
2. `tracing`: runs of one slope (`families`) are joined over gaps and followed into paler ink. They are rules now.
3. `combs`, `missing_rules`: what closes boxes where nothing is printed, at the top of a comb and the side of a table.
4. `crossings`: which rules end on one another; those that end on nothing are none.
5. `profiles`: the course, thickness and darkness of each rule where nothing touches it.
6. `strokes`: those that a pen has written are taken out, by `families`, darkness, and `spacing`.
7. `missing_rules`: those that writing hides are put in, at even `spacing`.
8. `regions`: the cells between the rules, without the insides of round digits (`zeros`).
9. `arrangement`: their blocks, rows and columns, and the cells that a row lacks.

`removal.without_grid` takes the rules out of the ink map. A rule is a `rule.Rule`, a cell a `cell.GridCell`.
"""
