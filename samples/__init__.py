"""Invented relics, the virtual scanner that scanned them, and what it saw.

`relics/` holds procedural objects as signed distance functions, `scanner.py`
looks at them, `make_samples.py` writes the scan folders beside it. Nothing in
the package `relicscan` depends on this: it is for tests, benchmarks and demos.
"""
