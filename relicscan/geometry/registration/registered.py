"""What comes out of registration: where each scan is, how sure that is, and what stayed open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from relicscan.geometry.registration.evidence import Evidence
from relicscan.relic import FloatArray

#: How a scan came to its place: see `Placement.origin`.
Origin = Literal["pinned", "given", "found", "color"]


@dataclass(frozen=True, eq=False)
class Placement:
    """Where one scan is.

    T_common_view (4, 4) leads to the frame of its group, or is None with a `reason` in words.
    group: its number in `Registered.groups`. confidence 0..1: see `confidence_of`; 0 where
    there is no place. evidence: of the scan against the rest of its group. origin: pinned and
    given poses came with the scans, of which given ones were refined; the others were found,
    `color` where shape alone left several ways.
    """

    T_common_view: FloatArray | None
    reason: str = ""
    group: int | None = None
    confidence: float = 0.0
    evidence: Evidence | None = None
    stiffness: float = 0.0
    origin: Origin | None = None


@dataclass(frozen=True, eq=False)
class Pair:
    """An edge of the graph of scans: how view `source` lies on view `target`.

    used: both are in one group, as this says. Else it is the best placement of the two alone,
    which something contradicts; see the reasons of the placements.
    """

    target: int
    source: int
    T_target_source: FloatArray
    evidence: Evidence
    used: bool


@dataclass(frozen=True, eq=False)
class Alternative:
    """One of several equally good ways: T_still_view (4, 4) of each moving view."""

    T_still_view: dict[int, FloatArray]
    evidence: Evidence


@dataclass(frozen=True, eq=False)
class Ambiguity:
    """Two groups of scans that fit in more ways than one, in `still[0]`'s group's frame."""

    still: tuple[int, ...]
    moving: tuple[int, ...]
    ways: tuple[Alternative, ...]


@dataclass(frozen=True)
class Remark:
    """Something to be said of views, after their names: "stay where they were pinned, but …"."""

    views: tuple[int, ...]
    text: str


@dataclass(frozen=True, eq=False)
class Registered:
    """The result for views (v): placements in their order.

    groups: views that were placed together, at least two each, the largest group first; each
    group has a frame of its own. Several groups: several objects, or one in parts that nothing
    joins. pairs: the graph of what was found between scans, of `tried` pairs that were searched.
    ambiguities: what fits in several ways. remarks: on given poses and links that did not come
    true.
    """

    placements: tuple[Placement, ...]
    groups: tuple[tuple[int, ...], ...]
    pairs: tuple[Pair, ...]
    ambiguities: tuple[Ambiguity, ...]
    remarks: tuple[Remark, ...] = ()
    tried: int = 0

    @property
    def complete(self) -> bool:
        """Whether all scans are in one group."""
        return len(self.groups) == 1 and len(self.groups[0]) == len(self.placements)

    @property
    def left_out(self) -> dict[int, str]:
        """Views without a place, and why."""
        return {k: p.reason for k, p in enumerate(self.placements) if p.T_common_view is None}


def confidence_of(evidence: Evidence, stiffness: float) -> float:
    """A number 0..1 from what was measured: a product, so that one bad figure is enough.

    1 less what lies beside and in the way over their limits, each half; overlap against 20 %;
    and how firmly the surfaces hold each other against 0.1 (a bunny's scans: 0.2), or, where
    they hardly do, the correlation of the colours that decided.
    """
    from relicscan.geometry.registration.evidence import MOST_BESIDE, MOST_CONFLICT
    from relicscan.geometry.registration.ways import LEAST_STIFFNESS

    held = min(1.0, stiffness / 0.1)
    if stiffness < LEAST_STIFFNESS:
        held = max(held, evidence.tone or 0.0)
    return float(
        max(0.0, 1 - 0.5 * evidence.beside / MOST_BESIDE)
        * max(0.0, 1 - 0.5 * evidence.conflict / MOST_CONFLICT)
        * min(1.0, max(evidence.overlap) / 0.2)
        * held
    )
