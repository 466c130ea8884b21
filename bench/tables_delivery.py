"""What is delivered, as docs/benchmarks.md has it: the whole package, and beside a peer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.gltf_transform import OPTIONS, PACKAGE, QUALITY, VERSION
from bench.measured import Measured
from docs.generate import table

#: Seconds that the whole package of a million points may take on two cores.
ASKED_S = 60
ASKED_POINTS = 1_000_000

_LEVEL_TITLES = ("file", "bytes", "triangles", "texture", "quality", "maps")
_LEVEL_TITLES_SEEN = ("px", "shaded", "albedo", "decided")
_JUDGED_TITLES = ("", "triangles", "to: RMS", "p95", "max", "back: RMS", "p95", "max")
_MODEL_TITLES = ("", "bytes", "of theirs", "triangles", "texture", "Khronos", "decoded")
_MODEL_TITLES_SEEN = ("as read: shaded", "albedo", "as viewed: shaded", "albedo")
_ATTRIBUTES = ("POSITION", "NORMAL", "TANGENT", "TEXCOORD_0", "indices")
_PARTS = (*_ATTRIBUTES, "baseColorTexture", "normalTexture", "occlusionTexture", "JSON")


def package(
    title: str,
    points: int,
    took: Measured,
    record: Mapping[str, Any],
    manifest: Mapping[str, Any],
    errors: Mapping[str, Mapping[str, float]],
) -> str:
    """The whole command on one of the scans: seconds by stage, and every file that it left.

    `record` and `manifest` are run.json and relic.json; `errors` what the judge says of each
    model against the true surface, by its name.
    """
    return "\n".join(
        [
            f"## The whole package: {title}, {points:,} points\n",
            "`relicscan run SCAN -o OUT --pipeline web --cache 0`: every level with its pictures, "
            "models for phones, posters and turns, and the manifest. A run of the same command "
            "before, not counted, compiled what was not compiled yet.\n",
            _verdict(points, took, record),
            table(("stage", "seconds", "share"), _stages(took, record, manifest)),
            "What it left. FLIP (0 to 1) is the mean difference from the master on pictures of so "
            "many px, lit and in plain colours; *texture* is the longer side of the largest "
            "picture, *quality* that of its coding.\n",
            table((*_LEVEL_TITLES, *_LEVEL_TITLES_SEEN), _files(manifest)),
            "Its models against the true surface, in millimetres:\n",
            table(_JUDGED_TITLES, [_against_truth(name, e) for name, e in errors.items()]),
        ]
    )


def _verdict(points: int, took: Measured, record: Mapping[str, Any]) -> str:
    text = (
        f"**{took.wall_s:.1f} s** by the clock from the start of the command to its end "
        f"({took.cpu_s:.1f} CPU s), {record['seconds']:.1f} s of them for the relic; "
        f"{record['peak_memory_bytes'] / 1e9:.2f} GB at the most."
    )
    if points == ASKED_POINTS:
        spare = ASKED_S - took.wall_s
        text += (
            f" Asked are {ASKED_S} s: {abs(spare):.1f} s {'to spare' if spare >= 0 else 'over'}."
        )
    else:
        text += f" The {ASKED_S} s asked are for {ASKED_POINTS:,} points."
    if record["attempts"] > 1:
        text += (
            f" It took {record['attempts']} attempts, all of which are in the first figure: "
            "run.log says what ended the others."
        )
    if record["verdict"] != "pass":
        text += f" The verdict is {record['verdict']}: " + "; ".join(
            reason["text"] for reason in record["reasons"]
        )
    return text + "\n"


def _stages(
    took: Measured, record: Mapping[str, Any], manifest: Mapping[str, Any]
) -> list[list[str]]:
    """In the order of the run: reading, the pipeline's stages, what was written, validation."""
    seconds = dict(record["stage_seconds"])
    stages = [step["stage"] for step in manifest["steps"]]
    last = ["write master", "write models", "write pictures", "validate"]
    order = dict.fromkeys(["read", *stages, *(name for name in seconds if name not in last), *last])
    rows = [(name, seconds[name]) for name in order if name in seconds]
    rows.append(("manifest and the rest of the relic", record["seconds"] - sum(seconds.values())))
    around = "start of the command, its end" + (
        ", attempts before" if record["attempts"] > 1 else ""
    )
    rows.append((around, took.wall_s - record["seconds"]))
    told = [[name, f"{s:.2f}", f"{s / took.wall_s:.0%}"] for name, s in rows]
    return [*told, ["all", f"{took.wall_s:.2f}", ""]]


def _files(manifest: Mapping[str, Any]) -> list[list[str]]:
    rows = [_level(level) for level in manifest["levels"]]
    master = manifest["master"]
    rows.append([master["path"], f"{master['bytes']:,}", f"{master['triangles']:,}", *[""] * 7])
    turns = [file for file in manifest["files"] if file["path"].startswith("preview/turn")]
    for file in manifest["files"]:
        if file not in turns:
            rows.append([file["path"], f"{file['bytes']:,}", *[""] * 8])
    if turns:
        size = sum(file["bytes"] for file in turns)
        rows.append([f"preview/, {len(turns)} turns", f"{size:,}", *[""] * 8])
    return rows


def _level(level: Mapping[str, Any]) -> list[str]:
    found = level["difference"]
    flips = [f"{found[kind]['flip']:.4f}" for kind in ("shaded", "albedo")] if found else ["", ""]
    decided = level["decided"] or ""
    if level["unmet"]:
        decided += f"; misses its limits: {'; '.join(level['unmet'])}"
    return [
        level["path"],
        f"{level['bytes']:,}",
        f"{level['triangles']:,}",
        _number(level["texture_side"]),
        _number(level["image_quality"]),
        ", ".join(level["maps"]),
        _number(found["screen_px"] if found else None),
        *flips,
        decided,
    ]


def _against_truth(name: str, e: Mapping[str, float]) -> list[str]:
    return [name, f"{e['triangles']:,}"] + [
        f"{e[f'{way}_{k}']:.{digits}f}"
        for way in ("to", "back")
        for k, digits in (("rms", 4), ("p95", 4), ("max", 2))
    ]


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def same_size(subjects: Sequence[tuple[str, Mapping[str, Any] | str]]) -> str:
    """Finished models made small by us and by the peer; a text is why one was left out."""
    parts = [
        "## Finished models, against gltf-transform\n",
        f"`gltf-transform optimize IN OUT {' '.join(OPTIONS)}` ({PACKAGE} {VERSION}) on a textured "
        "GLB, and the road of `pipelines/web.toml` to a level of no more triangles than it makes, "
        f"with images of the same side at the same quality (WebP {QUALITY}) and the same maps. "
        "Another row is that with no more triangles than `web/medium.glb` may have.\n\n"
        "Differences are between pictures of the written files and of the original, mean FLIP (0 "
        "to 1) and PSNR in dB. *As read*: all three by `relicscan.formats.read`, which makes "
        "normals anew from the triangles. *As viewed*: with the normals and tangents that each "
        "file states (where it states no tangents, those of MikkTSpace), as a viewer shows it; "
        "occlusion is in neither. Khronos: errors and warnings of its validator, on the file and "
        "on its decoded content.\n",
    ]
    for title, told in subjects:
        parts.append(f"### {title}\n")
        if isinstance(told, str):
            parts.append(f"Left out: {told}\n")
            continue
        original, models = told["original"], told["models"]
        parts += [
            f"The original: {original['bytes']:,} bytes, {original['triangles']:,} triangles, "
            f"{original['texture_side']} texels, Khronos {_khronos(original)}. "
            f"Pictures of {told['screen_px']} px.\n",
            table(
                (*_MODEL_TITLES, *_MODEL_TITLES_SEEN),
                [_model(name, m, models["gltf-transform"]) for name, m in models.items()],
            ),
            _bytes_by_part(models),
        ]
        codes = sorted({code for m in models.values() for code in _codes(m)})
        if codes:
            parts.append(f"Warnings and errors are {', '.join(f'`{code}`' for code in codes)}.\n")
    return "\n".join(parts)


def _model(name: str, m: Mapping[str, Any], peer: Mapping[str, Any]) -> list[str]:
    return [
        name,
        f"{m['bytes']:,}",
        f"{m['bytes'] / peer['bytes']:.3f}",
        f"{m['triangles']:,}",
        str(m["texture_side"]),
        _khronos(m),
        _khronos(m, "decoded"),
        *(
            _difference(m["difference"][way][kind])
            for way in ("as_read", "as_viewed")
            for kind in ("shaded", "albedo")
        ),
    ]


def _difference(found: Mapping[str, float | None]) -> str:
    psnr = found["psnr_db"]
    return f"{found['flip']:.5f}, " + ("the same" if psnr is None else f"{psnr:.2f} dB")


def _khronos(m: Mapping[str, Any], of: str = "file") -> str:
    if m["khronos"] is None:
        return "not run"
    return f"{m['khronos'][of]['errors']}, {m['khronos'][of]['warnings']}"


def _codes(m: Mapping[str, Any]) -> list[str]:
    return [code for of in (m["khronos"] or {}).values() for code in of["codes"]]


def _bytes_by_part(models: Mapping[str, Mapping[str, Any]]) -> str:
    titles = [title for title in _PARTS if any(title in m["parts"] for m in models.values())]
    rows = [
        [name, *(f"{m['parts'].get(title, 0):,}" for title in titles), f"{m['vertices']:,}"]
        for name, m in models.items()
    ]
    return "Where the bytes are:\n\n" + table(("", *titles, "vertices"), rows)
