"""Breaking the gateway while it works, and counting afterwards: nothing lost, nothing twice.

`load` sends, `killer` kills, `reckoning` counts. What is left to chance follows from one seed,
which a failure prints and `--seed` repeats.
"""
