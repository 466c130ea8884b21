"""`publish --target alipay|wechat`: the exhibition as a mini-programme, whole or not at all.

    FOLDER/package/   the project that the platform's developer tools open
    FOLDER/files/     models and pictures, named by their content, for the address below which the
                      package looks for them
    FOLDER/engine/    Alipay: builds the engine into the package
    FOLDER/mini.json  says that the folder is ours, what is shown and what is left out

Nothing of the day, the host or the path is in it, so the same relics give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from relicscan.delivery.target import read_target
from relicscan.errors import OutputError, PipelineError, RelicscanError
from relicscan.metadata.canonical import bytes_sha256, canonical_json
from relicscan.metadata.exhibition import ExhibitionToml, read_exhibition
from relicscan.metadata.exports.exported import models
from relicscan.site.gather import Exhibition, LeftOut, gather
from relicscan.site.mini.files import RelicFiles, Upload, content_name, place
from relicscan.site.mini.package import ENGINE_BYTES, engine, project
from relicscan.site.mini.told import Files, MiniShown, Told
from relicscan.site.place import built_beside, is_built_already
from relicscan.site.words import languages_of

TARGETS = ("alipay", "wechat")
MARK = "mini.json"
#: Mini-programmes fetch from https alone.
_BASE_URL = re.compile(r"https://[^\s<>\"{}|\\^`/?#@]+(/[^\s<>\"{}|\\^`?#]*)?")
_SIMPLIFIED_CHINESE = ("zh-Hans", "zh", "zh-CN")


@dataclass(frozen=True)
class MiniPublished:
    """What a mini-programme shows, and what not and why.

    `package_bytes` are those of the package, for Alipay with the engine that is built into it, of
    which `limit_bytes` are allowed; `files` and `files_bytes` are what is to be uploaded.
    """

    folder: Path
    target: str
    relics: tuple[str, ...]
    museums: int
    tours: int
    languages: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    remarks: tuple[str, ...]
    package_bytes: int
    limit_bytes: int
    files: int
    files_bytes: int

    def as_data(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self) | {"folder": str(self.folder)}


def publish_mini(
    out: str | Path,
    to: str | Path,
    *,
    target: str,
    exhibition: str | Path | None = None,
    include: Collection[str] = ("pass",),
    base_url: str | None,
) -> MiniPublished:
    """Write the exhibition of the output folder `out` as a mini-programme to the folder `to`.

    `target` is "alipay" or "wechat", `base_url` the https address below which FOLDER/files will
    be found, `exhibition` an exhibition.toml, `include` the verdicts that are shown. Raises
    PipelineError for another target and for an address that is none; ScanError for an
    exhibition.toml that is wrong; OutputError where nothing can be shown, where the package would
    be larger than the platform takes, or `to` is something else than a mini-programme of ours.
    """
    base = _checked(target, base_url)
    source, folder = Path(out).absolute(), Path(to).absolute()
    is_built_already(folder, source, MARK, "mini-programme")
    toml = read_exhibition(Path(exhibition)) if exhibition else ExhibitionToml()
    with built_beside(folder, "mini-programme") as partial:
        upload = Upload(partial / "files", base)
        shown, placed = _placed(source, toml, include, target, upload)
        made = _write(shown, placed, target, partial, upload)
    return MiniPublished(folder=folder, target=target, **made)


def _checked(target: str, base_url: str | None) -> str:
    if target not in TARGETS:
        raise PipelineError(
            f"{target[:40]!r} is no mini-programme", remedy=f"targets are {', '.join(TARGETS)}"
        )
    if base_url is None:
        raise PipelineError(
            "a mini-programme fetches its models, and nothing says from where",
            remedy="name the https address that the folder files/ will be uploaded to, for "
            "example --base-url https://cdn.museum.example/relics",
        )
    if not _BASE_URL.fullmatch(base_url):
        raise PipelineError(
            f"{base_url[:80]!r} is no address that a mini-programme may fetch from",
            remedy="both platforms take https alone: for example --base-url "
            "https://cdn.museum.example/relics",
        )
    return base_url.rstrip("/")


def _placed(
    source: Path, toml: ExhibitionToml, include: Collection[str], target: str, upload: Upload
) -> tuple[Exhibition, dict[str, RelicFiles]]:
    """What is shown, and where its files are; a relic without the target's models, or with a
    damaged file, is left out.
    """
    shown = gather(source, toml, verdicts=include)
    placed: dict[str, RelicFiles] = {}
    left_out: dict[str, RelicscanError] = {}
    for relic in shown.relics:
        if not models(relic.manifest, target):
            left_out[relic.id] = OutputError(
                f"it has no model for {target}",
                remedy=f'run it with a pipeline that has targets = ["web", "{target}"]',
            )
            continue
        try:
            placed[relic.id] = place(MiniShown(relic.exported, relic.museum, target), upload)
        except OutputError as error:
            left_out[relic.id] = error
    if left_out:
        shown = gather(source, toml, verdicts=include, damaged=left_out)
    return shown, placed


def _write(
    shown: Exhibition,
    placed: Mapping[str, RelicFiles],
    target: str,
    partial: Path,
    upload: Upload,
) -> dict[str, Any]:
    """Write everything but models and posters; what MiniPublished says of it."""
    languages = languages_of(_chinese_first(shown.languages), shown.toml.interface)
    told = Told(shown, languages, target)
    texts = [told.texts(language) for language in languages]
    thumbs = {
        one: content_name(files.thumb, ".jpg") for one, files in placed.items() if files.thumb
    }

    def made(thumb_at: Mapping[str, str]) -> dict[str, bytes]:
        files = {
            one: Files(files.levels, files.poster, thumb_at.get(one))
            for one, files in placed.items()
        }
        return project(target, told.things(files), texts)

    limit = read_target(target).limits.max_total_bytes
    assert limit is not None
    later = ENGINE_BYTES if target == "alipay" else 0
    inside = made({one: f"/thumbs/{name}" for one, name in thumbs.items()})
    inside |= {f"thumbs/{name}": placed[one].thumb or b"" for one, name in thumbs.items()}
    remarks = [*shown.remarks, *_remarks(shown)]
    size = later + sum(map(len, inside.values()))
    if size > limit:
        urls = {one: upload.put(placed[one].thumb or b"", ".jpg") for one in thumbs}
        inside = made(urls)
        size = later + sum(map(len, inside.values()))
        remarks.append(
            f"the small pictures do not fit into the {limit:,} bytes of a package: they are "
            "among the files to upload"
        )
    if size > limit:
        raise _too_large(target, size, limit, inside, [one.tag for one in languages])
    files = {f"package/{path}": content for path, content in inside.items()}
    if target == "alipay":
        files |= engine()
    files[MARK] = _mark(shown, target, upload.base_url)
    for path, content in files.items():
        (partial / path).parent.mkdir(parents=True, exist_ok=True)
        (partial / path).write_bytes(content)
    return {
        "relics": tuple(relic.id for relic in shown.relics),
        "museums": len(shown.museums),
        "tours": len(shown.tours),
        "languages": tuple(language.tag for language in languages),
        "left_out": shown.left_out,
        "remarks": tuple(remarks),
        "package_bytes": size,
        "limit_bytes": limit,
        "files": len(upload.sizes),
        "files_bytes": sum(upload.sizes.values()),
    }


def _chinese_first(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(tags, key=lambda tag: tag not in _SIMPLIFIED_CHINESE))


def _remarks(shown: Exhibition) -> list[str]:
    """What a mini-programme does not have."""
    of_relics = any(relic.sounds for relic in shown.relics)
    of_tours = any(step.audio for tour in shown.tours for step in tour.steps)
    return ["sounds are not part of a mini-programme"] if of_relics or of_tours else []


def _too_large(
    target: str, size: int, limit: int, inside: Mapping[str, bytes], tags: list[str]
) -> OutputError:
    texts = [len(inside[f"data/language-{n}.js"]) for n in range(len(tags))]
    most = max(range(len(tags)), key=texts.__getitem__)
    return OutputError(
        f"the package would have {size:,} bytes, and {target} takes {limit:,}: texts in "
        f"{len(tags)} languages are {sum(texts):,} of them, the largest {tags[most]} with "
        f"{texts[most]:,}",
        remedy="name fewer languages in exhibition.toml, write shorter descriptions, or make "
        "several mini-programmes of output folders with fewer relics each",
    )


def _mark(shown: Exhibition, target: str, base_url: str) -> bytes:
    return canonical_json(
        {
            "schema_name": "relicscan.mini",
            "target": target,
            "relics": {
                relic.id: bytes_sha256(canonical_json(relic.manifest)) for relic in shown.relics
            },
            "left_out": [asdict(one) for one in shown.left_out],
            "languages": shown.languages,
            "base_url": base_url,
        }
    )
