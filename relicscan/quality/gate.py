"""`@gate`: a figure of a finished relic that its verdict depends on, as a pipeline sets it.

    [gates]
    max_filled_share = { review = 0.1, fail = 0.4 }
    scale_known = "review"

A gate is described once, where it is measured (`relicscan.quality.gates`): its name says what
is wanted (`max_…` at most, `min_…` at least, else that it be so), its docstring what is measured.
From there come the check of a pipeline, the JSON Schema, `relicscan gates`, the docs and the
record in relic.json. A pipeline holds the gates that it names and no others.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from relicscan.errors import PipelineError
from relicscan.metadata.gate_record import GateRecord, GateVerdict, Wants, verdict_of
from relicscan.stage import did_you_mean

if TYPE_CHECKING:
    from relicscan.quality.gates import Finished

SHARE = "share"

#: What a gate that wants something to be so may come to where it is not.
OTHERWISE = get_args(GateVerdict)


class NotMeasured(Exception):
    """Why a figure cannot be had of a relic, and what would work."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(why)
        self.why, self.remedy = why, remedy


@dataclass(frozen=True)
class Gate:
    """A registered gate. `says` is what is wrong with {figure}; `needs` the stage that measures
    it, or "targets" where that is a target with a screen, None where every relic has it.
    """

    name: str
    measure: Callable[[Finished], bool | float]
    unit: str | None
    needs: str | None
    says: str
    remedy: str

    @property
    def description(self) -> str:
        return " ".join((inspect.getdoc(self.measure) or "").split())

    @property
    def wants(self) -> Wants:
        return {"max": "at_most", "min": "at_least"}.get(self.name[:3], "true")  # type: ignore[return-value]

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of its value in [gates]."""
        if self.wants == "true":
            return {"enum": list(OTHERWISE), "description": self.description}
        schema = self._model().model_json_schema()
        return {**schema, "description": self.description, "minProperties": 1}

    def _model(self) -> type[BaseModel]:
        least = self.wants == "at_least"

        def threshold(then: str) -> Any:
            number = Annotated[
                float,
                Field(
                    ge=0,
                    le=1 if self.unit == SHARE else None,
                    description=f"{'Below' if least else 'Above'} this, {then}.",
                ),
            ]
            return number, Field(default=None, json_schema_extra=_not_null)

        return create_model(
            self.name,
            __config__=ConfigDict(extra="forbid", allow_inf_nan=False),
            review=threshold("somebody should look"),
            fail=threshold("the relic is not for use"),
        )

    def held(self, given: Any) -> HeldGate:
        """The gate with its value in [gates]. Raises PipelineError saying what would work."""
        if self.wants == "true":
            if given not in OTHERWISE:
                raise PipelineError(
                    f"gate {self.name} = {given!r} is no verdict",
                    remedy=f'write what it comes to otherwise: {self.name} = "review" (or "fail", '
                    'or "pass")',
                )
            return HeldGate(self, given == "review" or None, given == "fail" or None)
        like = f"write {self.name} = {{ review = …, fail = … }}, or one of the two"
        if not isinstance(given, Mapping) or not given:
            raise PipelineError(f"gate {self.name} = {given!r} has no thresholds", remedy=like)
        try:
            limits = self._model().model_validate(dict(given), strict=True)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            wrong = f"{name} = {first['input']!r}: {first['msg'].lower()}"
            if first["type"] == "extra_forbidden":
                wrong = f"there is no threshold '{name}'"
            raise PipelineError(f"gate {self.name}: {wrong}", remedy=like) from None
        found = HeldGate(self, **limits.model_dump())
        if found.review is not None and found.fail is not None:
            beyond = verdict_of(found.fail, self.wants, found.review, None) == "pass"
            if beyond and found.fail != found.review:
                raise PipelineError(
                    f"gate {self.name}: what fails ({found.fail:g}) would pass by the threshold of "
                    f"review ({found.review:g})",
                    remedy="exchange the two, or set both",
                )
        return found


def _not_null(schema: dict[str, Any]) -> None:
    """TOML has no null."""
    schema.pop("default", None)


_GATES: dict[str, Gate] = {}


def gate(
    *, says: str, remedy: str, unit: str | None = None, needs: str | None = None
) -> Callable[[Callable[[Finished], bool | float]], Gate]:
    """Register a function that measures a finished relic as a gate under its own name."""

    def register(measure: Callable[[Finished], bool | float]) -> Gate:
        made = Gate(measure.__name__, measure, unit, needs, says, remedy)
        _GATES[made.name] = made
        return made

    return register


def all_gates() -> dict[str, Gate]:
    """Every gate by name, in the order in which they are described."""
    import relicscan.quality.gates  # noqa: F401  (registers them)

    return dict(_GATES)


def get_gate(name: str) -> Gate:
    """The gate of that name. Raises PipelineError with the nearest names."""
    gates = all_gates()
    if name not in gates:
        raise PipelineError(
            f"there is no gate '{name}'", remedy=did_you_mean(name, list(gates), "the gates are")
        )
    return gates[name]


@dataclass(frozen=True)
class HeldGate:
    """A gate with a pipeline's thresholds, and which of them came from elsewhere."""

    gate: Gate
    review: bool | float | None
    fail: bool | float | None
    overridden: Mapping[str, str] = field(default_factory=dict)

    @property
    def given(self) -> Any:
        """Its value in [gates]."""
        limits = {"review": self.review, "fail": self.fail}
        if self.gate.wants == "true":
            return next((verdict for verdict, so in limits.items() if so), "pass")
        return {name: limit for name, limit in limits.items() if limit is not None}

    def judge(self, finished: Finished) -> GateRecord:
        """Measure a finished relic and hold it to the thresholds."""
        gate, figure, missing = self.gate, None, None
        try:
            measured = gate.measure(finished)
            figure = measured if isinstance(measured, bool) else float(f"{measured:.4g}")
        except NotMeasured as error:
            missing = error
        verdict = verdict_of(figure, gate.wants, self.review, self.fail)
        reason = remedy = None
        if missing is not None:
            reason = f"gate {gate.name} has no figure: {missing.why}"
            remedy = f"{missing.remedy}, or take gates.{gate.name} out of the pipeline"
        elif verdict != "pass":
            reason, remedy = gate.says, f"{gate.remedy}, or set gates.{gate.name}"
            if gate.wants != "true":
                over = "over" if gate.wants == "at_most" else "under"
                limit = self.fail if verdict == "fail" else self.review
                said = _said(figure, gate.unit)
                reason = f"{gate.says.format(figure=said)}, {over} {_said(limit, gate.unit)}"
                remedy += f".{verdict}"
        return GateRecord(
            name=gate.name,
            unit=gate.unit,
            figure=figure,
            wants=gate.wants,
            review=self.review,
            fail=self.fail,
            verdict=verdict,
            reason=reason,
            remedy=remedy,
            overridden=dict(self.overridden),
        )


def read_gate(name: str, given: Any) -> HeldGate:
    """An entry of [gates]. Raises PipelineError saying what would work."""
    return get_gate(name).held(given)


def overridden(
    gates: tuple[HeldGate, ...], path: str, value: Any, origin: str
) -> tuple[HeldGate, ...]:
    """Gates with `path` ("max_filled_share.review", "scale_known") set, on record as from `origin`.

    One that was not held is held from now on. Raises PipelineError.
    """
    name, _, threshold = path.partition(".")
    chosen = get_gate(name)
    at = {one.gate.name: i for i, one in enumerate(gates)}
    before = gates[at[name]] if name in at else HeldGate(chosen, None, None)
    given = value
    if threshold:
        if chosen.wants == "true":
            raise PipelineError(
                f"gate {name} has no thresholds, so there is no '{threshold}' to set",
                remedy=f"write gates.{name}=review (or fail, or pass)",
            )
        given = {**before.given, threshold: value}
    changed = dict.fromkeys([threshold] if threshold else ["review", "fail"], origin)
    after = replace(chosen.held(given), overridden={**before.overridden, **changed})
    if name in at:
        return (*gates[: at[name]], after, *gates[at[name] + 1 :])
    return (*gates, after)


def _said(figure: bool | float | None, unit: str | None) -> str:
    assert figure is not None, "there is something to say"
    if unit == SHARE:
        return f"{100 * figure:.4g}%"
    return f"{figure:.4g} {unit}" if unit else f"{figure:.4g}"
