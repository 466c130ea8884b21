"""Where an object has changed between two surfaces of it, by how much, and how sure that is.

    changes = signed_change(before, after)
    changes.regions[0].kind, changes.regions[0].area, changes.regions[0].deepest

The road: `places` spreads places over both surfaces; `alignment` brings them together by what
has not changed, or refuses; `differences` measures along the normals (M3C2: Lague, Brodu &
Leroux 2013); `detection` says which differences are more than the noise of both scans; `regions`
sums up what is connected. What is under the level of detection is not "no change", but "no
change found".
"""

from relicscan.geometry.change.alignment import Frames
from relicscan.geometry.change.measure import Changes, signed_change
from relicscan.geometry.change.regions import Gap, Region

__all__ = ["Changes", "Frames", "Gap", "Region", "signed_change"]
