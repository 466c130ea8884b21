"""Imports point down only, heavy packages load where they are used, only the CLI prints.

The order is DESIGN's picture of the package. Every module is parsed, not imported, so
imports inside functions count as well.
"""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "relicscan"

#: From the ground up. A module may import from lower layers and from its own package,
#: never from a neighbour in its layer.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("units", "threads", "durable", "processes"),
    ("relic",),
    ("color", "stage"),
    ("formats", "geometry"),
    ("metadata",),
    ("quality", "stages"),
    ("delivery",),
    ("pipeline", "scan_folder"),
    ("batch", "site"),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
RANK["__init__"] = RANK["cli"]  # the Python API, which hands out names from every layer below

#: The only imports that point up, each for its reason.
EXCEPTIONS = {
    ("relicscan.stage", "relicscan.stages"): "the registry loads its stages at the first look-up",
}

#: `import open3d` alone takes 0.7 s and 220 MB.
HEAVY = {
    "open3d",
    "trimesh",
    "scipy",
    "PIL",
    "laspy",
    "lazrs",
    "pye57",
    "DracoPy",
    "pygltflib",
    "fast_simplification",
    "distributed",
    "dask",
    "cryptography",
    "pxr",
}
#: `relicscan --help` passes through these; NumPy alone takes longer than all of Typer.
STARTS_THE_CLI = ("__init__", "__main__", "errors", "cli")
SLOW_TO_START = {"numpy", "pydantic"}
CLI_ONLY = {"typer", "rich", "click"}


@dataclass(frozen=True)
class Import:
    """One imported module, by its full dotted name."""

    module: str
    line: int
    at_import_time: bool


class _Imports(ast.NodeVisitor):
    def __init__(self, package: str) -> None:
        self.package = package
        self.found: list[Import] = []
        self.at_import_time = True

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            parents = self.package.split(".")
            base = ".".join(parents[: len(parents) - node.level + 1] + ([base] if base else []))
        for alias in node.names:
            inside = f"{base}.{alias.name}"
            self._add(inside if _is_module(inside) else base, node)

    def visit_Call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func)
        if name in {"importlib.import_module", "import_module", "__import__"} and node.args:
            match node.args[0]:
                case ast.Constant(value=str(module)):
                    self._add(module, node)
                case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]):
                    self._add(start.rstrip("."), node)
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            self._later(node.body)
            for statement in node.orelse:
                self.visit(statement)
        else:
            self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._later(node.body)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def _later(self, statements: Iterable[ast.stmt]) -> None:
        before, self.at_import_time = self.at_import_time, False
        for statement in statements:
            self.visit(statement)
        self.at_import_time = before

    def _add(self, module: str, node: ast.AST) -> None:
        self.found.append(Import(module, getattr(node, "lineno", 0), self.at_import_time))


def _is_module(dotted: str) -> bool:
    path = ROOT.joinpath(*dotted.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def _layer_of(module: str) -> str:
    """`relicscan.formats.ply` is in `formats`; `relicscan` itself is the API."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports_of(source: str, module: str, *, is_package: bool = False) -> list[Import]:
    """Every import in the source of `module`, relative ones resolved."""
    visitor = _Imports(module if is_package else module.rpartition(".")[0])
    visitor.visit(ast.parse(source))
    return visitor.found


def violations(source: str, module: str, *, is_package: bool = False) -> Iterator[str]:
    """What a module's source does against the layering, in words that say what would do."""
    layer = _layer_of(module)
    if layer not in RANK:
        yield f"{module} is in no layer: give it a place in LAYERS and in docs/architecture.md"
        return
    for found in imports_of(source, module, is_package=is_package):
        where = f"{module} line {found.line} imports {found.module}"
        top = found.module.split(".")[0]
        if top == "relicscan":
            yield from _upward(where, module, layer, found)
        elif top in HEAVY and found.at_import_time:
            yield f"{where} at the top: import it in the function that uses it"
        elif top in SLOW_TO_START and found.at_import_time and layer in STARTS_THE_CLI:
            yield f"{where} at the top, which slows `relicscan --help`: import it where it is used"
        elif top in CLI_ONLY and layer != "cli":
            yield f"{where}: only relicscan.cli talks to the terminal; raise or log instead"
    if layer != "cli":
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
                yield f"{module} line {node.lineno} prints: only relicscan.cli does; raise or log"


def _upward(where: str, module: str, layer: str, found: Import) -> Iterator[str]:
    if found.module == "relicscan":
        return  # `from relicscan import __version__`
    if (module, found.module) in EXCEPTIONS and not found.at_import_time:
        return
    wanted = _layer_of(found.module)
    if layer == "errors":
        yield f"{where}: errors stands below everything and imports nothing of ours"
    elif layer == wanted == "stages":
        if module != "relicscan.stages":
            yield f"{where}: stages never import each other; share through relicscan.geometry"
    elif wanted not in RANK:
        yield f"{where}, which is in no layer"
    elif layer != wanted and RANK[wanted] >= RANK[layer]:
        yield f"{where}: imports point down only, and {wanted} is not below {layer}"


def modules() -> list[tuple[str, Path]]:
    """Every module of the package that is ours, with its dotted name."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if "vendor" not in parts:
            found.append((".".join(parts).removesuffix(".__init__"), path))
    return found


@pytest.mark.parametrize(("module", "path"), [pytest.param(m, p, id=m) for m, p in modules()])
def test_layers(module: str, path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    wrong = dict.fromkeys(violations(source, module, is_package=path.name == "__init__.py"))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("module", "source", "said"),
    [
        ("relicscan.geometry.normals", "from relicscan.stages import crop", "point down only"),
        ("relicscan.geometry.normals", "from ..batch.jobs import run", "point down only"),
        ("relicscan.geometry.normals", "def f():\n    import relicscan.cli.main", "point down"),
        ("relicscan.geometry.normals", "from relicscan.formats import ply", "not below geometry"),
        (
            "relicscan.formats",
            "import importlib\nimportlib.import_module(f'relicscan.batch.{1}')",
            "not below",
        ),
        ("relicscan.stages.crop", "from relicscan.stages.decimate import decimate", "each other"),
        ("relicscan.stages.crop", "from . import decimate", "each other"),
        ("relicscan.errors", "from relicscan import relic", "nothing of ours"),
        (
            "relicscan.quality.deviation",
            "try:\n    import open3d as o3d\nfinally: ...",
            "at the top",
        ),
        ("relicscan.quality.deviation", "class A:\n    from scipy.spatial import x", "at the top"),
        ("relicscan.cli.run", "import numpy as np", "slows"),
        ("relicscan.batch.jobs", "def f():\n    from rich.progress import Progress", "terminal"),
        ("relicscan.batch.jobs", "def f():\n    print('done')", "prints"),
        ("relicscan.helpers", "", "no layer"),
    ],
)
def test_a_planted_violation_is_found(module: str, source: str, said: str) -> None:
    wrong = list(violations(source, module, is_package=module == "relicscan.formats"))
    assert len(wrong) == 1
    assert said in wrong[0]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("relicscan.geometry.normals", "import numpy as np\ndef f():\n    import open3d"),
        ("relicscan.geometry.normals", "if TYPE_CHECKING:\n    import open3d"),
        ("relicscan.stages.crop", "from relicscan.geometry import clip\nfrom .. import relic"),
        ("relicscan.cli.run", "import typer\nprint(1)\ndef f():\n    import numpy"),
        ("relicscan.errors", "from collections.abc import Mapping"),
    ],
)
def test_what_is_allowed_is_not_reported(module: str, source: str) -> None:
    assert list(violations(source, module)) == []


def test_exceptions_are_still_needed() -> None:
    paths = dict(modules())
    for (module, imported), reason in EXCEPTIONS.items():
        found = {i.module for i in imports_of(paths[module].read_text("utf-8"), module)}
        assert imported in found, f"{module} no longer imports {imported} ({reason}): remove it"


def names_of(requirements: Iterable[str]) -> set[str]:
    return {re.split(r"[\[<>=;! ]", r)[0].lower().replace("_", "-") for r in requirements}


def test_every_package_that_is_imported_is_declared() -> None:
    """What works here only because a dependency of a dependency brought it breaks later."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    #: Packages that only some need, by the modules that say so when they are missing.
    extra_of = {
        "relicscan.batch.cluster": names_of(extras["cluster"]),
        "relicscan.delivery.usdz": names_of(extras["usd"]),
        "relicscan.delivery.usdz_inspect": names_of(extras["usd"]),
    }
    declared = names_of(project["dependencies"])
    declared.add("pydantic-core")  # one project with pydantic, which pins its exact version
    extra_of["relicscan.batch.cluster"].add("dask")  # one project with distributed, which pins it
    distributions = importlib.metadata.packages_distributions()
    undeclared = []
    for module, path in modules():
        source = path.read_text(encoding="utf-8")
        allowed = declared.union(
            *(names for where, names in extra_of.items() if f"{module}.".startswith(f"{where}."))
        )
        for found in imports_of(source, module, is_package=path.name == "__init__.py"):
            top = found.module.split(".")[0]
            if top in sys.stdlib_module_names or top == "relicscan":
                continue
            by = {name.lower().replace("_", "-") for name in distributions.get(top, [top])}
            if not by & allowed:
                undeclared.append(f"{module} line {found.line} imports {top}")
    assert not undeclared, "not in pyproject's dependencies:\n" + "\n".join(undeclared)
