"""Which scans may lie beside each other, and how: the placements of pairs that are worth a look.

With few scans all pairs are tried. With many, a scan is tried first with those that have the
same kinds of places: descriptors are sorted into words, and the rarer a word the more two
scans that share it have in common (Sivic & Zisserman 2003).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from relicscan.geometry.registration.descriptors import Described
from relicscan.geometry.registration.evidence import (
    BESIDE_AT_FIRST,
    LEAST_OVERLAP,
    Evidence,
    tally,
)
from relicscan.geometry.registration.hypotheses import hypotheses, matched
from relicscan.geometry.registration.poses import apart, inverse, turns_about
from relicscan.geometry.registration.views import Level, Prepared
from relicscan.relic import FloatArray

#: Hypotheses of a pair that are refined.
_HYPOTHESES = 6
_WORDS = 96
#: Degrees that lay a thing on itself which repeats two to six, or eight times round an axis.
_TURNS = (180, 120, -120, 90, -90, 72, -72, 144, -144, 60, -60, 45, -45, 135, -135)
_MOST_TURNED = 40


@dataclass(frozen=True, eq=False)
class Candidate:
    """A placement of one scan on another that is worth a look; `support`: matches that fit."""

    target: int
    source: int
    T_target_source: FloatArray
    support: int
    evidence: Evidence


def likeness(described: Sequence[Described], seed: int) -> FloatArray:
    """How much scans have in common by kind of places (v, v), 0..1."""
    rng = np.random.default_rng(seed)
    n = len(described)
    sample = np.concatenate([d.shape[rng.permutation(len(d.shape))[:600]] for d in described])
    sample = sample.astype(np.float64)
    words = sample[rng.permutation(len(sample))[:_WORDS]]
    for _ in range(8):
        word = _nearest_word(sample, words)
        count = np.bincount(word, minlength=len(words))
        sums = np.stack(
            [np.bincount(word, sample[:, k], len(words)) for k in range(sample.shape[1])], axis=1
        )
        words = np.where(count[:, None] > 0, sums / np.maximum(count, 1)[:, None], words)
    bags = np.stack(
        [np.bincount(_nearest_word(d.shape, words), minlength=len(words)) for d in described]
    ).astype(np.float64)
    bags /= np.maximum(bags.sum(axis=1, keepdims=True), 1)
    rare = 1 / (bags.mean(axis=0) + 0.2 / len(words))
    bags = bags * rare
    shared = np.array([[np.minimum(bags[i], bags[j]).sum() for j in range(n)] for i in range(n)])
    whole = bags.sum(axis=1)
    return np.asarray(shared / np.maximum(np.minimum(whole[:, None], whole), 1e-12))


def _nearest_word(places: FloatArray, words: FloatArray) -> FloatArray:
    d = (words * words).sum(axis=1) - 2 * (places.astype(np.float64) @ words.T)
    return np.asarray(d.argmin(axis=1))


def candidates(
    views: Sequence[Prepared], described: Sequence[Described], pair: tuple[int, int]
) -> list[Candidate]:
    """Placements of the second of a pair on the first, the best supported first."""
    i, j = pair
    target, source = views[i], views[j]
    matches = matched(target.coarse, described[i], source.coarse, described[j])
    poses, counts = hypotheses(matches, target.coarse.voxel_size, _HYPOTHESES)
    found: list[Candidate] = []
    for pose, count in zip(poses, counts, strict=True):
        refined = refined_pair(target, source, pose)
        if refined is None:
            continue
        here = candidate(views, pair, refined, int(count))
        if here is not None and all(differ(views, here, other) for other in found):
            found.append(here)
    return found


@dataclass(frozen=True, eq=False)
class Symmetries:
    """Motions (4, 4) under which a scan may fit again wherever it fits.

    exact: they lay a part of the scan on itself and nothing speaks against them; rough: they
    do so nearly, or are turns about the same axes, which may be exact elsewhere.
    """

    exact: tuple[FloatArray, ...]
    rough: tuple[FloatArray, ...]


def symmetries(view: Prepared, described_view: Described) -> Symmetries:
    """Where else a scan fits itself: a wall with a mask cast three times, a vase all round."""
    coarse = view.coarse
    matches = matched(coarse, described_view, coarse, described_view, most=600)
    poses, _ = hypotheses(matches, coarse.voxel_size, 10)
    found: list[FloatArray] = []
    turned: list[FloatArray] = []
    at = extent(coarse)

    def new(T: FloatArray, others: list[FloatArray]) -> bool:
        return all(apart(T, U, *at) > 3 * coarse.voxel_size for U in [np.eye(4), *others])

    for pose in poses:
        S = refined_pair(view, view, pose)
        if S is None or not new(S, found):
            continue
        evidence = tally(view, view, S, step=3).evidence()
        if max(evidence.overlap) > LEAST_OVERLAP and evidence.beside < BESIDE_AT_FIRST:
            found += [S, inverse(S)]
            if max(evidence.overlap) > 0.2:
                turned += [T for T in turns_about(S, _TURNS) if new(T, found + turned)]
    exact: list[FloatArray] = []
    for S in found + turned[:_MOST_TURNED]:
        if tally(view, view, S, step=8).evidence().promising:
            fit = refined_pair(view, view, S, start_voxels=2.0)
            if fit is not None and new(fit, exact) and tally(view, view, fit).evidence().holds:
                exact += [fit, inverse(fit)]
    return Symmetries(tuple(exact), tuple(found + turned[:_MOST_TURNED]))


def candidate(
    views: Sequence[Prepared], pair: tuple[int, int], T: FloatArray, support: int
) -> Candidate | None:
    """A placement with its evidence; None where even a quick look says no."""
    target, source = views[pair[0]], views[pair[1]]
    quick = tally(target, source, T, step=8).evidence()
    if not quick.promising:
        return None
    evidence = tally(target, source, T).evidence()
    return Candidate(*pair, T, support, evidence) if evidence.promising else None


def differ(views: Sequence[Prepared], one: Candidate, other: Candidate) -> bool:
    """Whether two placements of the same pair are more than a coarse voxel and a half apart."""
    source = views[one.source]
    return (
        apart(one.T_target_source, other.T_target_source, *extent(source.coarse))
        > 1.5 * source.coarse.voxel_size
    )


def extent(level: Level) -> tuple[FloatArray, float]:
    """The middle of a level's points, and their root mean square distance from it."""
    middle = level.points.mean(axis=0)
    return middle, float(np.sqrt(((level.points - middle) ** 2).sum(axis=1).mean()))


def refined_pair(
    target: Prepared, source: Prepared, T: FloatArray, *, start_voxels: float = 4.0
) -> FloatArray | None:
    """A placement moved to where the surfaces meet; None where they do not."""
    h = target.coarse.voxel_size
    moved = _refined(target.coarse, source.coarse, T, np.linspace(start_voxels, 1.5, 12) * h, 2)
    if moved is None or _hopeless(target, source, moved):
        return None
    g = target.fine.voxel_size
    step = max(1, len(source.fine) // 3000)
    return _refined(target.fine, source.fine, moved, np.linspace(4, 2, 10) * g, step)


def _hopeless(target: Prepared, source: Prepared, T: FloatArray) -> bool:
    """Whether a look at some points is enough to see that a placement is wrong."""
    evidence = tally(target, source, T, step=24).evidence()
    return (evidence.on + evidence.judged > 60) and (
        evidence.beside > 0.55 or evidence.conflict > 0.25
    )


def _refined(
    target: Level, source: Level, T: FloatArray, reaches: FloatArray, step: int
) -> FloatArray | None:
    from relicscan.geometry.kernels import registration as kernels

    moved = np.eye(4)
    R, t = np.ascontiguousarray(T[:3, :3]), np.ascontiguousarray(T[:3, 3])
    used = kernels.refine(
        target.tree,
        target.normals,
        target.rim,
        R,
        t,
        source.points[::step],
        source.normals[::step],
        reaches,
    )
    if not used:
        return None
    moved[:3, :3], moved[:3, 3] = R, t
    return moved


def turned_round(one: Candidate) -> Candidate:
    """The same placement, of the target on the source."""
    e = one.evidence
    turned = Evidence(e.overlap[::-1], e.beside, e.rms_voxels, e.conflict, e.on, e.judged, e.tone)
    return Candidate(one.source, one.target, inverse(one.T_target_source), one.support, turned)
