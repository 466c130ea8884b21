"""The procedural relics, one module each.

None of them exists: they were drawn for this project, and belong to no museum
but its "Sample Museum". All are in millimetres, z up, facing -Y.
"""

from samples.relics.amphora import amphora
from samples.relics.benchmark import benchmark_relic
from samples.relics.ding import ding
from samples.relics.figurine import figurine
from samples.relics.stele import stele
from samples.relics.tile import tile

__all__ = ["amphora", "benchmark_relic", "ding", "figurine", "stele", "tile"]
