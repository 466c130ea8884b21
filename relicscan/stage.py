"""`@stage`: a function from Relic to Relic whose signature is its whole description.

A stage's parameters are keyword-only, annotated `Annotated[type, Field(...)]`
with a default. From that one line come the checked model, `--help`, the JSON
Schema, the pipeline checker, the docs table and the record in the manifest.

    @stage(needs=["mesh"], makes=["mesh"])
    def decimate(relic: Relic, *,
        target_face_count: Annotated[int, Field(ge=4, description="Stop at this many triangles.")]
            = 100_000,
    ) -> Relic:
        '''Collapse edges in order of quadric error (Garland & Heckbert 1997).'''

`makes` lists what the relic carries afterwards; a trailing "?" means "if the
scan had it". `needs` that turn out missing make the stage skipped, not failed:
what a scan brings is not an error (see `relicscan.pipeline`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from relicscan.errors import PipelineError
from relicscan.relic import PRODUCTS, Relic


@dataclass(frozen=True)
class Stage:
    """A registered stage. Call it like the function it wraps."""

    name: str
    function: Callable[..., Relic]
    parameters: type[BaseModel]
    needs: frozenset[str]
    makes: frozenset[str]
    may_make: frozenset[str]
    drops: frozenset[str]
    cost: float

    def __call__(self, relic: Relic, **parameters: Any) -> Relic:
        return self.function(relic, **self.effective(parameters))

    @property
    def summary(self) -> str:
        return (inspect.getdoc(self.function) or "").split("\n", 1)[0]

    @property
    def description(self) -> str:
        return inspect.getdoc(self.function) or ""

    def effective(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters, checked, defaults filled in.

        Raises PipelineError naming the parameter, what was given and what exists.
        """
        try:
            model = self.parameters.model_validate(dict(given))
        except ValidationError as error:
            raise self._explained(error) from None
        return {name: getattr(model, name) for name in self.parameters.model_fields}

    def _explained(self, error: ValidationError) -> PipelineError:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "parameters"
        names = list(self.parameters.model_fields)
        if first["type"] == "extra_forbidden":
            return PipelineError(
                f"there is no parameter '{name}'",
                stage=self.name,
                remedy=did_you_mean(name, names, "the parameters are"),
            )
        return PipelineError(
            f"{name} = {first['input']!r}: {first['msg'].lower()}",
            stage=self.name,
            remedy=f"`relicscan stages {self.name}` shows every parameter with its limits",
        )


_STAGES: dict[str, Stage] = {}
_LISTED = 50  # names in a remedy


def stage(
    *,
    needs: Iterable[str],
    makes: Iterable[str],
    drops: Iterable[str] = (),
    cost: float = 0.1,
) -> Callable[[Callable[..., Relic]], Stage]:
    """Register a function as a stage under its own name.

    `cost` is seconds for a million points (or triangles) on two cores, as `make
    bench` measures it: the progress bar and `inspect` are the only readers.
    """

    def register(function: Callable[..., Relic]) -> Stage:
        name = function.__name__
        made = list(makes)
        definite = frozenset(m for m in made if not m.endswith("?"))
        optional = frozenset(m[:-1] for m in made if m.endswith("?"))
        unknown = (set(needs) | definite | optional | set(drops)) - set(PRODUCTS)
        if unknown:
            raise ValueError(f"stage {name}: unknown products {sorted(unknown)}")
        registered = Stage(
            name=name,
            function=function,
            parameters=_parameter_model(function),
            needs=frozenset(needs),
            makes=definite,
            may_make=optional,
            drops=frozenset(drops),
            cost=cost,
        )
        if name in _STAGES:
            raise ValueError(f"two stages are called {name}")
        _STAGES[name] = registered
        return registered

    return register


def _parameter_model(function: Callable[..., Relic]) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {
        parameter.name: (hints[parameter.name], parameter.default)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    return create_model(
        function.__name__,
        __config__=ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False),
        **fields,
    )


def all_stages() -> dict[str, Stage]:
    """Every stage of the package by name, sorted."""
    import relicscan.stages

    relicscan.stages.load_all()
    return dict(sorted(_STAGES.items()))


def get_stage(name: str) -> Stage:
    """The stage of that name. Raises PipelineError with the nearest names."""
    stages = all_stages()
    if name not in stages:
        raise PipelineError(
            f"there is no stage '{name}'", remedy=did_you_mean(name, list(stages), "the stages are")
        )
    return stages[name]


def did_you_mean(given: str, names: list[str], lead: str) -> str:
    """A remedy for a mistyped name; of very many names, some are listed."""
    import difflib

    near = difflib.get_close_matches(given, names, n=1, cutoff=0.5)
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    listing = f"{lead} {', '.join(names[:_LISTED])}{more}" if names else "there are none"
    return f"did you mean '{near[0]}'? ({listing})" if near else listing
