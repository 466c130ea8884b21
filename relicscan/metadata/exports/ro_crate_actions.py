"""What was done, as the actions of a Process Run Crate: capture, every step, the writing of files.

Process Run Crate 0.6 (https://w3id.org/ro/wfrun/process/0.6): each CreateAction has what it was
done with (instrument), to (object) and what came of it (result); the result of one is the object
of the next. Scans and states between steps have local ids, for they are not in the crate.

A CreateAction of this profile is the run of a computational tool. A capture is none: it is an
Action, schema.org's wider type, whose instruments may be devices, and that needs none.

RO-Crate asks for name, version and address of whatever is called a SoftwareApplication. That is
relicscan, whose stage is a parameter of its step, and its libraries, each under its address; the
software of the capture, of which a relic states the name alone, is a CreativeWork.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from relicscan.metadata.dating import calendar_dates
from relicscan.metadata.descriptive import Capture
from relicscan.metadata.exports.exported import Exported
from relicscan.metadata.exports.media_types import media_type
from relicscan.metadata.exports.ro_crate_graph import (
    Graph,
    Ref,
    add,
    as_json,
    by_language,
    named,
    path_id,
    property_value,
)
from relicscan.metadata.manifest import StepRecord

#: There is no page of relicscan yet; its schemas have addresses of this kind too.
_URL = "urn:relicscan:software"


def actions(graph: Graph, relic: Exported, thing: Ref, files: list[Ref]) -> list[Ref]:
    """What was done, in its order: the capture, every step, the writing of the files."""
    manifest = relic.manifest
    sources = {
        source.path: add(
            graph,
            f"#source/{path_id(source.path)}",
            "File",
            name=source.path,
            localPath=source.path,
            description=f"A file of the scan folder ({source.role}). Not included in this crate.",
            contentSize=str(source.bytes),
            encodingFormat=media_type(source.path),
            sha256=source.sha256,
        )
        for source in manifest.sources
    }
    scans = [sources[source.path] for source in manifest.sources if source.role != "metadata"]
    software = _relicscan(graph, manifest.versions)
    done = [_capture(graph, manifest.metadata.capture, thing, scans)]
    state = list(sources.values())
    steps = [step for step in manifest.steps if step.skipped is None and not step.undecided]
    for number, step in enumerate(steps, start=1):
        action, state = _step(graph, number, step, state, software)
        done.append(action)
    delivery = add(
        graph,
        "#delivery",
        "CreateAction",
        name="Writing of the files",
        description="The last state, in the files of this crate.",
        instrument=software,
        object=state,
        result=files,
    )
    return [action for action in (*done, delivery) if action]


def _capture(graph: Graph, said: Capture, thing: Ref, scans: list[Ref]) -> Ref | None:
    if not said.model_dump():
        return None
    begin, end = calendar_dates(said.date) or (None, None)
    return add(
        graph,
        "#capture",
        "Action",
        name="Capture of the object",
        description=by_language(said.notes),
        # A name or a pseudonym, of whom or what is not stated.
        agent=named(graph, "#operator", "Thing", said.operator),
        instrument=[
            named(graph, "#device", "IndividualProduct", said.device),
            named(graph, "#capture-software", "CreativeWork", said.software),
        ],
        startTime=begin if begin != end else None,
        endTime=end,
        object=[
            thing,
            property_value(graph, "#capture/date", "date", None if end else said.date),
            property_value(
                graph, "#capture/calibration", "calibration", by_language(said.calibration)
            ),
            property_value(graph, "#capture/scale", "scale", said.scale),
            property_value(
                graph, "#capture/scale-basis", "scale basis", by_language(said.scale_basis)
            ),
        ],
        result=scans,
    )


def _step(
    graph: Graph, number: int, step: StepRecord, state: list[Ref], software: Ref
) -> tuple[Ref, list[Ref]]:
    """The action of one step, and the state that it leaves."""
    here = f"#step/{number}"
    after = add(
        graph,
        f"#state/{number}",
        "CreativeWork",
        name=f"State after step {number}, {step.stage}",
        description="Not included in this crate.",
    )
    counts = [("before", step.before), ("after", step.after)]
    told = [f"{when}: {as_json(count)}" for when, count in counts if count]
    action = add(
        graph,
        here,
        "CreateAction",
        name=f"Step {number}: {step.stage}",
        description="; ".join(told),
        instrument=software,
        object=[
            *state,
            property_value(graph, f"#stage/{number}", "stage", step.stage),
            *(
                property_value(
                    graph,
                    f"{here}/{path_id(name)}",
                    name,
                    value if isinstance(value, str | int | float) else as_json(value),
                    description=step.overridden.get(name),
                )
                for name, value in step.parameters.items()
                if value is not None
            ),
        ],
        result=after,
    )
    return action, [after]


def _relicscan(graph: Graph, versions: Mapping[str, str]) -> Ref:
    """The software, and the libraries whose work shows in the files."""
    return add(
        graph,
        "#relicscan",
        "SoftwareApplication",
        name="relicscan",
        url=_URL,
        version=versions.get("relicscan"),
        softwareRequirements=[
            add(
                graph,
                _address(name),
                "SoftwareApplication",
                name=name,
                url=_address(name),
                version=version,
            )
            for name, version in versions.items()
            if name != "relicscan"
        ],
    )


def _address(library: str) -> str:
    if library == "python":
        return "https://www.python.org/"
    return f"https://pypi.org/project/{quote(library, safe='')}/"
