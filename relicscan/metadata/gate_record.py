"""What relic.json says of a quality gate: the figure, the thresholds, and what came of it."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from relicscan.metadata.fields import Record, Text

#: What a gate wants of its figure.
Wants = Literal["at_most", "at_least", "true"]
GateVerdict = Literal["pass", "review", "fail"]


def verdict_of(
    figure: bool | float | None,
    wants: Wants,
    review: bool | float | None,
    fail: bool | float | None,
) -> GateVerdict:
    """The verdict on a figure; one that could not be had is for somebody to look at."""

    def held(threshold: bool | float | None) -> bool:
        if threshold is None or figure is None:
            return True
        return figure <= threshold if wants == "at_most" else figure >= threshold

    if not held(fail):
        return "fail"
    return "pass" if held(review) and figure is not None else "review"


class GateRecord(Record):
    """A quality gate: see `relicscan.quality.gates`.

    The `figure`, in `unit`, passes where it is at most or at least the thresholds, or true:
    beyond `review` somebody should look, beyond `fail` the relic is not for use. It is null
    where it could not be had. `reason` and `remedy` stand where the gate does not pass,
    `overridden` says which thresholds are not the pipeline's own, and whose.
    """

    name: Text
    unit: Text | None
    figure: bool | float | None
    wants: Wants
    review: bool | float | None
    fail: bool | float | None
    verdict: GateVerdict
    reason: Text | None
    remedy: Text | None
    overridden: dict[str, str]

    @model_validator(mode="after")
    def _honest(self) -> GateRecord:
        if self.verdict != verdict_of(self.figure, self.wants, self.review, self.fail):
            raise ValueError("a gate's verdict must follow from its figure and thresholds")
        if (self.reason is None) != (self.verdict == "pass"):
            raise ValueError("a gate has a reason where it does not pass, and nowhere else")
        return self
