"""Partial scans of one relic, without poses, put beside each other; and how sure that is.

    registered = register([View(points), View(points), …], seed=7)
    registered.groups, registered.left_out, registered.placements[0].T_common_view

The road: `views` thins each scan to two levels and finds from where it was seen (`sight`);
`descriptors` and `hypotheses` propose placements of pairs (`pairs`); `evidence` says what the
points of both hold of one; `ways` holds it against all scans that are placed, `slides` looks
for where else it could be, and `merging` says which is right, if one is; `growth` joins groups;
`joint` moves all scans of a group together; `results` checks once more and gives reasons.
`links` are placements of pairs that somebody vouches for, `units` tries scans whose unit nothing
tells, `telling` says in words what was found, and `arrangement` is for pictures of it.

Refusing is fine, wrong is the failure. What was tried on the ten bunny scans (40 k points each,
random starts), the six figurine scans, twelve of a cauldron whose wall repeats every 120 degrees
and five of a painted amphora, and what it measured:

- Hypotheses. Matches of fast point feature histograms over two radii, both ways, judged by
  lengths and angles and second order compatibility, without drawing at random: the right
  placement comes first for every bunny pair with 16 % overlap and more, and after refinement is
  among six down to 5 %. 0.17 s of one core a pair, refinement and evidence included. Colour
  beside shape in the descriptor, weight 1: 622 instead of 550 right matches of 1200 on a
  figurine pair; weight 10: 26 instead of 97 on the amphora's wall, whose colours differ between
  scans. It has 2.
- Evidence. 56 right bunny pairs and 139 wrong ones after refinement: points beside the other's
  surface 0.00-0.06 against 0.22-0.91; conflict of sight 0.000 against 0.01 and more. Overlap
  alone separates nothing (0.05-0.8 against 0.03-0.2).
- Sight. The direction a scan was seen from, from its normals and from what hides what: 2 to 13
  degrees off on 16 simulated scans. Which of the two opposite directions: the outermost points'
  vote was wrong for the four stations that look into the cauldron and for two others; the lean
  of normals over the rims was right for all 37 that have a direction.
- Conflict at most 0.02, as wrong pairs suggested, let the cauldron in turned by a third (0.003
  to 0.019); right pairs have 0.000, 0.001 at the most of 296, so the limit is 0.002.
- A way that is unique is not yet right. Tried on the cauldron without colours: rivals among the
  hypotheses and slides along loose motions, a group of 8 of 12 scans, wrong: a cauldron is stiff
  (0.25); and turns about the axis of its form fitted robustly, 5 wrong: the bottom is a sphere;
  and turns about the axes under which a scan nearly fits itself, 3 wrong; and refusal where an
  exact repetition of a scan leads to a place that nothing contradicts, 2 wrong; and passing on
  what ambiguous pairs teach, and asking again at the end: none wrong, and but 2 placed.
  Later, after several changes for speed whose share in it was not told apart, one start: all 12
  placed, 0.06 mm off at worst, in 240 s of processor time; with colours all 12, in groups of 10
  and of 2, 0.27 mm at worst.
- Two discs of a turntable fit in any way: surfaces that hold each other with a stiffness under
  0.06 are not placed by shape (right bunny pairs 0.085 and more, vases and planes under 0.045).
- Colours. A sector of the amphora's wall against the next, 40 degrees in common: hypotheses come
  to lie anywhere round the axis; sliding round and taking the peaks of the correlation of tones,
  then fitting shape and tones together: all four placed, 0.1 to 0.3 mm off. Without colours none
  is, and the ways are returned.
- A joint fit after every join, and a thorough one at the end, on voxel means of 1 mm: bunny 0.18
  mm in the median, 0.26 at worst, against published poses that are themselves 0.17 mm off.
- A hundred scans meet each other in some 2500 pairs. A joint fit on all of them: 218 s in all, of
  which 133 in the fit; on the twelve pairs of each scan that tell most (`growth`): 91 s beside the
  same load, and not less exact (0.012 mm in the median, 0.12 at worst).
- A way on which few points meet is no rival if the object, as far as it is seen, does not repeat
  by the motion between the two: Nefertiti in four views was refused before, and is placed. A bust
  in five or six views on a round base is still refused, wholly or in part: nobody saw what is
  below it.
- Two scans of the cauldron that fit each other wrongly, and then nothing else, were a group of
  their own (152 mm off). Asked alone, each has its place: all twelve, 0.04 mm off at worst. Of
  another start six of twelve are placed, the others refused.

Ten starts of the bunny, `python -m bench.registration --seeds 10`: all ten scans every time, 24 to
32 s of processor time, 13 s by the clock. 40 subsets of it, 2 to 5 scans: 141 of 151 placed, none
wrongly. A hundred scans of the figurine: 324 of 4950 pairs tried, all placed, 129 s of processor
time. Limits were set after looking at the bunny, the samples and the cauldron; nine other shapes,
27 sets of views (`bench.virtual_views`): none placed wrongly, 16 whole, 8 refused altogether.

Known to be weak: a shape whose repetition no scan shows twice, without colours, looks like a
second look at the same side. Poses that were given, of scans that do not overlap, cannot be
verified and are left out unless pinned. Scans merged from several sides have no sight.
"""

from relicscan.geometry.registration.arrangement import arrangement
from relicscan.geometry.registration.evidence import Evidence
from relicscan.geometry.registration.register import register, turntable_poses
from relicscan.geometry.registration.registered import (
    Alternative,
    Ambiguity,
    Pair,
    Placement,
    Registered,
    Remark,
)
from relicscan.geometry.registration.units import register_in_units
from relicscan.geometry.registration.views import View

__all__ = [
    "Alternative",
    "Ambiguity",
    "Evidence",
    "Pair",
    "Placement",
    "Registered",
    "Remark",
    "View",
    "arrangement",
    "register",
    "register_in_units",
    "turntable_poses",
]
