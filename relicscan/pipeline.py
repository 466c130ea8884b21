"""An ordered list of stages, fully checked before the first byte of a scan is read.

A pipeline is a TOML file:

    description = "What it is for"
    targets = ["web", "ar"]
    pictures = true
    report = true
    [gates]
    scale_known = "review"
    [[stage]]
    use = "voxel_downsample"
    voxel_size_mm = 0.5

Names, parameters, needs, makes and targets are checked when it is read. Without targets,
each level of detail is delivered as it is. No expressions
and no branches: what depends on the scan is decided by what the scan brings. A
stage whose product is there already (a mesh scan needs no reconstruction), or
whose needs the scan cannot meet (an uncoloured scan has no colours to carry), is
skipped and says so in the record.
"""

from __future__ import annotations

import re
import time
import tomllib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from relicscan.delivery.target import Target, chosen_targets
from relicscan.errors import PipelineError, RelicscanError, Undecided
from relicscan.metadata.toml_outline import MAX_DEPTH, Outline, outline
from relicscan.quality import gate as quality
from relicscan.relic import Relic, Step
from relicscan.stage import Stage, did_you_mean, get_stage

#: What a scan may bring before any stage has run.
POINT_CLOUD = frozenset({"scans"})
MESH = frozenset({"geometry", "mesh"})
BROUGHT = (
    POINT_CLOUD
    | MESH
    | {"scans.apart", "mesh.normals", "mesh.colors", "mesh.uv", "atlas", "textures"}
)


@dataclass(frozen=True)
class PlannedStage:
    """A stage with its effective parameters, and which of them came from elsewhere."""

    stage: Stage
    parameters: Mapping[str, Any]
    overridden: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pipeline:
    """A checked pipeline: see `read_pipeline`. `targets` are what its models are made for;
    with `pictures`, posters and turns are made as well, with `report` a report.html of each
    relic. `gates` decide the verdict.
    """

    name: str
    description: str
    stages: tuple[PlannedStage, ...]
    targets: tuple[Target, ...] = ()
    pictures: bool = False
    gates: tuple[quality.HeldGate, ...] = ()
    report: bool = False

    def with_overrides(self, overrides: Mapping[str, Any], origin: str) -> Pipeline:
        """The pipeline with "stage.parameter" values replaced, on record as coming from `origin`.

        A key may go deeper ("build_levels.ceilings.high") to change one entry of a
        table; "gates.max_filled_share.review" is that of a gate. Raises PipelineError naming
        the nearest stage, parameter or gate.
        """
        changed, gates = list(self.stages), self.gates
        for key, value in overrides.items():
            stage_name, _, path = key.partition(".")
            if stage_name == "gates":
                gates = quality.overridden(gates, path, value, origin)
                continue
            positions = [i for i, s in enumerate(changed) if s.stage.name == stage_name]
            if not positions:
                names = list(dict.fromkeys(s.stage.name for s in changed))
                raise PipelineError(
                    f"'{key}': pipeline '{self.name}' has no stage '{stage_name}'",
                    remedy=did_you_mean(stage_name, names, "its stages are"),
                )
            if not path:
                raise PipelineError(
                    f"'{key}' names a stage and none of its parameters",
                    remedy=f"write {stage_name}.parameter=value; "
                    f"`relicscan stages {stage_name}` lists the parameters",
                )
            for i in positions:
                changed[i] = _overridden(changed[i], path, value, origin)
        return _with_gates(replace(self, stages=tuple(changed)), gates)

    @property
    def max_points(self) -> int | None:
        """Of a cloud, no stage is given more points than this; None is without a limit."""
        limits = [planned.parameters.get("max_points") for planned in self.stages]
        return min((limit for limit in limits if limit is not None), default=None)

    def plan(self, products: Iterable[str]) -> list[tuple[PlannedStage, str | None]]:
        """Each stage with the reason why it will be skipped, or None, for what a scan brings.

        Only running tells which optional products (normals, colours) a scan has: here they
        are there where a stage needs them, and not there where a stage would make them.
        """
        return [(planned, reason) for planned, _, reason in self._walk(products)]

    def _walk(
        self, products: Iterable[str]
    ) -> Iterator[tuple[PlannedStage, frozenset[str], str | None]]:
        """`plan`, with what each stage needs and may not find."""
        have, perhaps = set(products), set[str]()
        for planned in self.stages:
            stage = planned.stage
            reason = skip_reason(stage, have, perhaps)
            yield planned, stage.needs - have, reason
            if reason is None:
                have = (have - stage.drops) | _with_geometry(stage.makes)
                perhaps = (perhaps - stage.drops) | stage.may_make

    def leads_to(self, product: str, products: Iterable[str]) -> bool:
        """Whether a scan that brings `products` ends up with `product`."""
        return any(
            reason is None and product in planned.stage.makes
            for planned, reason in self.plan(products)
        )

    def as_data(self) -> dict[str, Any]:
        """The effective pipeline as plain data, for its hash and for the manifest."""
        return {
            "name": self.name,
            "stages": [
                {"use": s.stage.name, "parameters": plain(dict(s.parameters))} for s in self.stages
            ],
            "pictures": self.pictures,
            "report": self.report,
            "gates": {
                held.gate.name: {"review": held.review, "fail": held.fail} for held in self.gates
            },
            "targets": [target.model_dump(mode="json") for target in self.targets],
        }


@dataclass(frozen=True)
class Progress:
    """Where a run is: before a stage starts, and once more at the end with stage None."""

    stage: str | None
    done: float
    seconds: Mapping[str, float]


def plain(value: Any) -> Any:
    """Parameters as JSON has them: tuples become lists."""
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def pipeline_folder() -> Path:
    """Where the pipelines that come with relicscan lie: in the wheel, or in a checkout."""
    packed = Path(__file__).parent / "pipelines"
    return packed if packed.is_dir() else Path(__file__).parents[1] / "pipelines"


def find_pipeline(name_or_path: str) -> Path:
    """The file of a pipeline given by name or path. Raises PipelineError listing the names."""
    path = Path(name_or_path)
    if path.suffix == ".toml":
        if path.is_file():
            return path
        raise PipelineError(
            f"there is no pipeline file {name_or_path}",
            remedy="check the path, or use one of " + ", ".join(pipeline_names()),
        )
    names = pipeline_names()
    if name_or_path not in names:
        raise PipelineError(
            f"there is no pipeline '{name_or_path}'",
            remedy=did_you_mean(
                name_or_path, names, "give a path ending in .toml, or one of the pipelines"
            ),
        )
    return pipeline_folder() / f"{name_or_path}.toml"


def pipeline_names() -> list[str]:
    """Names of the pipelines that come with relicscan."""
    return sorted(path.stem for path in pipeline_folder().glob("*.toml"))


def read_pipeline(name_or_path: str) -> Pipeline:
    """Read and check a pipeline. Raises PipelineError saying which stage, and what would work."""
    path = find_pipeline(name_or_path)
    text = _text_of(path)
    lines = outline(text)
    try:
        if lines.too_deep:
            raise PipelineError(
                f"line {lines.too_deep} is nested more than {MAX_DEPTH} deep",
                remedy="no parameter needs that: `relicscan stages` lists them",
            )
        return _parsed(path, text, lines)
    except PipelineError as error:
        raise error.at(scan=path.name) from None


def check_order(pipeline: Pipeline) -> None:
    """Raise PipelineError where a stage comes before what it needs, or nothing gives that."""
    have = set(BROUGHT)
    for planned in pipeline.stages:
        stage = planned.stage
        for product in sorted(stage.needs - have):
            makers = [p.stage for p in pipeline.stages if product in p.stage.makes - p.stage.needs]
            raise _out_of_order(stage, product, [maker.name for maker in makers])
        have = (have - stage.drops) | _with_geometry(stage.makes) | stage.may_make
    # A mesh scan brings a mesh, so decimating before reconstruction passes the check above, and
    # a point cloud would skip it: what one stage makes must not be missed by one before it.
    for products in (POINT_CLOUD, MESH):
        later: dict[str, str] = {}
        for planned, missing, reason in reversed(list(pipeline._walk(products))):
            for product in sorted(missing & later.keys()):
                raise _out_of_order(planned.stage, product, [later[product]])
            if reason is None:
                later |= dict.fromkeys(_with_geometry(planned.stage.makes), planned.stage.name)


def _with_gates(pipeline: Pipeline, gates: tuple[quality.HeldGate, ...]) -> Pipeline:
    """The pipeline with these gates. Raises PipelineError where nothing in it measures one."""
    measured = {planned.stage.name for planned in pipeline.stages}
    if any(level.screen_px for target in pipeline.targets for level in target.level):
        measured.add("targets")
    for held in gates:
        needs = held.gate.needs
        if needs is not None and needs not in measured:
            how = "name a target with a screen" if needs == "targets" else f"add a stage {needs}"
            raise PipelineError(
                f"nothing in pipeline '{pipeline.name}' measures what gate {held.gate.name} wants",
                remedy=f"{how}, or take the gate out",
            )
    return replace(pipeline, gates=gates)


def _out_of_order(stage: Stage, product: str, makers: list[str]) -> PipelineError:
    what = _in_words(product)
    return PipelineError(
        f"it needs {what}, which nothing before it makes",
        stage=stage.name,
        remedy=f"move {makers[0]} before it"
        if makers
        else f"put a stage that makes {product} before it: see `relicscan stages`",
    )


def _with_geometry(made: frozenset[str]) -> frozenset[str]:
    return made | {"geometry"} if made & {"cloud", "mesh"} else made


def skip_reason(
    stage: Stage, have: Iterable[str], perhaps: Iterable[str] = frozenset()
) -> str | None:
    """Why a stage has nothing to do for a relic that carries `have`; None if it has.

    `perhaps` are products that it may carry: they are needs that are met, nothing more.
    """
    products = set(have)
    missing = sorted(stage.needs - products - set(perhaps))
    if missing:
        return f"the scan brings no {_in_words(missing[0]).removeprefix('a ')}"
    new = stage.makes - stage.needs
    if new and new <= products:
        return f"the scan already brings {_in_words(sorted(new)[0])}"
    return None


def run_pipeline(
    relic: Relic, pipeline: Pipeline, observe: Callable[[Progress], None] = lambda _: None
) -> Relic:
    """Take a relic through the stages; returns it with a Step for each in its history.

    Raises RelicscanError with the relic and the stage filled in.
    """
    return deque(stage_by_stage(relic, pipeline, observe), maxlen=1)[-1]


def stage_by_stage(
    relic: Relic, pipeline: Pipeline, observe: Callable[[Progress], None] = lambda _: None
) -> Iterator[Relic]:
    """`run_pipeline` as far as it comes: the relic after each stage, so that a failure keeps it.

    A relic that has been through the first stages, as its history tells, goes on with the next.
    """
    seconds: dict[str, float] = {}
    costs = [
        planned.stage.cost if reason is None else 0.0
        for planned, reason in pipeline.plan(relic.products)
    ]
    total = sum(costs) or 1.0
    for position, planned in enumerate(pipeline.stages):
        if position < len(relic.history):
            continue
        name = planned.stage.name
        observe(Progress(name, sum(costs[:position]) / total, dict(seconds)))
        started = time.perf_counter()
        relic = run_stage(relic, planned)
        seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - started
        yield relic
    observe(Progress(None, 1.0, seconds))


def run_stage(relic: Relic, planned: PlannedStage) -> Relic:
    """Run one stage, or skip it, and write its Step into the history."""
    stage = planned.stage
    step = Step(
        stage.name,
        plain(dict(planned.parameters)),
        overridden=dict(planned.overridden),
        before=relic.counts,
    )
    reason = skip_reason(stage, relic.products)
    if reason is not None:
        step = replace(step, skipped=reason, after=relic.counts)
        return replace(relic, history=(*relic.history, step))
    try:
        after = stage(replace(relic, figures={}, warnings=()), **planned.parameters)
    except RelicscanError as error:
        if isinstance(error, Undecided):
            figures = plain(dict(error.figures))
            error.step = replace(step, undecided=error.message, after=relic.counts, figures=figures)
        raise error.at(scan=relic.id, stage=stage.name) from None
    missing = sorted(stage.makes - after.products)
    if missing:
        raise AssertionError(f"stage {stage.name} promised {missing[0]} and did not make it")
    step = replace(
        step, after=after.counts, figures=plain(dict(after.figures)), warnings=after.warnings
    )
    return replace(after, figures={}, warnings=relic.warnings, history=(*relic.history, step))


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise PipelineError(
            "the file is not UTF-8",
            scan=path.name,
            remedy='save it as UTF-8 (in an editor: "save as", encoding UTF-8)',
        ) from None
    except OSError as error:
        raise PipelineError(
            f"the file cannot be read ({error.strerror or error})",
            scan=path.name,
            remedy="check the path and its permissions",
        ) from None


def _parsed(path: Path, text: str, lines: Outline) -> Pipeline:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        raise PipelineError(
            f"this is not TOML: {said[:1].lower()}{said[1:]}",
            remedy="mend that line; texts are in quotes, tables begin with [[stage]]",
        ) from None
    keys = ["description", "targets", "pictures", "report", "gates", "stage"]
    for key in sorted(set(data) - set(keys)):
        raise PipelineError(
            f"line {lines.line_of((key,))}: there is no key '{key}'",
            remedy=did_you_mean(key, keys, "the keys are"),
        )
    entries = data.get("stage", [])
    if not isinstance(entries, list) or not entries:
        raise PipelineError("it has no stages", remedy='add [[stage]] tables, each with use = "…"')
    stages = tuple(
        _read_stage(entry, lines.line_of(("stage", i))) for i, entry in enumerate(entries)
    )
    try:
        targets = chosen_targets(data.get("targets", []), path.parent)
    except PipelineError as error:
        error.message = f"line {lines.line_of(('targets',))}: {error.message}"
        raise
    pictures, report = (_yes_or_no(key, data, lines) for key in ("pictures", "report"))
    described = str(data.get("description", ""))
    pipeline = Pipeline(path.stem, described, stages, targets, pictures, report=report)
    check_order(pipeline)
    return _with_gates(pipeline, tuple(_read_gates(data.get("gates", {}), lines)))


def _yes_or_no(key: str, data: Mapping[str, Any], lines: Outline) -> bool:
    given = data.get(key, False)
    if not isinstance(given, bool):
        raise PipelineError(
            f"line {lines.line_of((key,))}: {key} is neither yes nor no",
            remedy=f"write {key} = true or {key} = false",
        )
    return given


def _read_gates(table: Any, lines: Outline) -> Iterator[quality.HeldGate]:
    if not isinstance(table, dict):
        raise PipelineError(
            f"line {lines.line_of(('gates',))}: gates is no table",
            remedy="write [gates] and below it one gate a line; `relicscan gates` lists them",
        )
    for name, given in table.items():
        try:
            yield quality.read_gate(name, given)
        except PipelineError as error:
            error.message = f"line {lines.line_of(('gates', name))}: {error.message}"
            raise


def _read_stage(entry: Any, line: int) -> PlannedStage:
    if not isinstance(entry, dict) or not isinstance(entry.get("use"), str):
        raise PipelineError(
            f"the [[stage]] in line {line} does not say which stage it is",
            remedy='write use = "…" in each [[stage]]; `relicscan stages` lists them',
        )
    try:
        stage = get_stage(entry["use"])
        given = {key: value for key, value in entry.items() if key != "use"}
        return PlannedStage(stage, stage.effective(given))
    except PipelineError as error:
        error.message = f"line {line}: {error.message}"
        raise


def _overridden(planned: PlannedStage, path: str, value: Any, origin: str) -> PlannedStage:
    name, *deeper = path.split(".")
    parameters = plain(dict(planned.parameters))
    if deeper and isinstance(parameters.get(name), dict):
        parameters[name] = {**parameters[name], ".".join(deeper): value}
    elif deeper:
        parameters[path] = value
    else:
        parameters[name] = value
    return PlannedStage(
        planned.stage,
        planned.stage.effective(parameters),
        {**planned.overridden, path: origin},
    )


def parse_value(text: str) -> Any:
    """The value of `--set stage.parameter=value`, read as TOML, else as plain text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def parse_assignment(text: str) -> tuple[str, Any]:
    """`stage.parameter=value` or `parameter=value` taken apart. Raises PipelineError."""
    key, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"[\w.]+", key.strip()):
        raise PipelineError(
            f"'{text}' is not of the form name=value",
            remedy="write for example voxel_downsample.voxel_size_mm=0.5 after --set, "
            "voxel_size_mm=0.5 after --param",
        )
    return key.strip(), parse_value(value.strip())


def _in_words(product: str) -> str:
    return {
        "scans": "a point cloud",
        "scans.apart": "second scan to put beside the first",
        "geometry": "a point cloud or a mesh",
        "cloud": "a point cloud",
        "cloud.normals": "normals",
        "cloud.colors": "colours",
        "mesh": "a mesh",
        "mesh.normals": "normals",
        "mesh.colors": "vertex colours",
        "mesh.uv": "texture coordinates",
        "atlas": "texture coordinates in one picture",
        "levels": "levels of detail",
    }.get(product, product)
