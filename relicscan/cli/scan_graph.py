"""The graph of scans as a tree: each scan below the one that holds it most firmly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from relicscan.cli import output

if TYPE_CHECKING:
    from rich.console import Console
    from rich.tree import Tree

    from relicscan.batch.graph import Graph

#: A scan with the pair that holds it, and those that hang on it.
Branch = tuple[str, Mapping[str, Any] | None, list[Any]]


def print_graph(console: Console, graph: Graph) -> None:
    """A tree for each group of scans, then scans left out, and how many pairs are not shown."""
    from rich.padding import Padding

    if graph.note is not None:
        output.say(console, f"how scans belong together: {graph.note}", indent=2)
        return
    placements = {one["scan"]: one for one in graph.placements}
    used = [pair for pair in graph.pairs if pair["used"]]
    groups = spanning_trees([name for name in placements if _placed(placements[name])], used)
    if groups:
        output.say(console, "how scans belong together:", indent=2)
    for number, group in enumerate(groups, start=1):
        title = f"group {number}: " if len(groups) > 1 else ""
        tree = _tree(group, placements, title)
        console.print(Padding(tree, (0, 0, 0, 4), expand=False))
    for name, one in placements.items():
        if not _placed(one):
            why = one.get("left_out") or "no place was found"
            output.say(console, ("left out: ", "yellow"), f"{name}: {why}", indent=2)
    drawn = sum(map(_edges, groups))
    for count, what in (
        (len(used) - drawn, "bearing this out as well"),
        (len(graph.pairs) - len(used), "fitting alone, and contradicted by others"),
    ):
        if count:
            output.say(console, f"{output.plural(count, 'more pair')} {what}", indent=2)
    for warning in graph.warnings:
        output.say(console, ("warning: ", "yellow"), warning, indent=2)
    for way in graph.ways:
        output.say(console, f"a run makes a picture of: {way}", indent=2)
    if graph.undecided is not None:
        output.say(console, ("a run makes no model: ", "yellow"), graph.undecided, indent=2)
        if graph.remedy:
            output.say(console, f"what would work: {graph.remedy}", indent=2)


def spanning_trees(scans: Sequence[str], pairs: Sequence[Mapping[str, Any]]) -> list[Branch]:
    """A tree for each group, from its first scan on, of the pairs that overlap most (Prim 1957)."""
    left = list(scans)
    trees: list[Branch] = []
    while left:
        root: Branch = (left.pop(0), None, [])
        trees.append(root)
        inside = {root[0]: root}
        while leading := [
            (pair, a, b)
            for pair in pairs
            for a, b in (pair["scans"], pair["scans"][::-1])
            if a in inside and b in left
        ]:
            pair, held_by, name = max(leading, key=lambda one: float(one[0].get("overlap", 0)))
            inside[name] = (name, pair, [])
            inside[held_by][2].append(inside[name])
            left.remove(name)
    return trees


def _edges(branch: Branch) -> int:
    return sum(1 + _edges(below) for below in branch[2])


def _placed(placement: Mapping[str, Any]) -> bool:
    return "left_out" not in placement and "origin" in placement


def _tree(group: Branch, placements: Mapping[str, Mapping[str, Any]], title: str) -> Tree:
    from rich.tree import Tree

    def label(branch: Branch) -> Any:
        name, pair, _ = branch
        return output.cell(f"{title if pair is None else ''}{_told(name, pair, placements[name])}")

    def grow(tree: Tree, branch: Branch) -> None:
        for below in branch[2]:
            grow(tree.add(label(below)), below)

    tree = Tree(label(group), guide_style="dim")
    grow(tree, group)
    return tree


def _told(name: str, pair: Mapping[str, Any] | None, placement: Mapping[str, Any]) -> str:
    """A line: the scan, how it lies on the one above, and how sure its place is."""
    parts = [] if pair is None else _evidence(pair)
    if placement.get("origin") in ("pinned", "given"):
        parts.append("pose given")
    if placement.get("origin") == "color":
        parts.append("colours decided")
    if (confidence := placement.get("confidence")) is not None:
        parts.append(f"confidence {confidence:.2f}")
    return f"{name}  {', '.join(parts)}"


def _evidence(pair: Mapping[str, Any]) -> list[str]:
    return [
        f"{what} {factor * pair[key]:.{decimals}f} {unit}"
        for key, what, factor, decimals, unit in (
            ("overlap", "overlap", 100, 0, "%"),
            ("rms_voxels", "residual", 1, 2, "voxels"),
            ("conflict", "conflict", 100, 2, "%"),
        )
        if key in pair
    ]
