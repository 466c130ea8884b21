"""The commented relic.toml that `relicscan new` writes, in the language of the user's choice.

It shows every key of the schema. Comments begin with "# ", keys to switch on
with "#" alone, so that the file is valid as it stands and with every such "#"
removed; a test holds both, and that no key is missing.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from relicscan.errors import OutputError, PipelineError, ScanError
from relicscan.metadata.fields import GivenPath
from relicscan.metadata.identity import id_problem, relic_id_from_path
from relicscan.metadata.languages import canonical_tag
from relicscan.metadata.template_texts import COMMENTS, EXAMPLES, LANGUAGES

#: "?" is a comment of template_texts, "@" an example by language: key, then where it differs the
#: entry of EXAMPLES. <id> and <files> are the caller's.
_LAYOUT = """\
? head

? id
<id>
? languages
#languages = ["zh-Hans", "en"]

[object]
? title
@ title
? description
@ description
? type
#type.aat = "http://vocab.getty.edu/aat/300148696"
@ type.label
? making
@ material
@ culture
@ place
@ maker
? inventory_number
#inventory_number = "1926.12"
? dating
#dating.edtf = "-0529/-0519"
@ dating.display
? represents
#represents = "existing state"

? dimension
#[[object.dimension]]
#kind = "height"
#value = "41.5"
#unit = "cm"
#uncertainty = "0.5"
@ part

[museum]
? museum
@ name
#url = "https://museum.example/"
#id = "XX-000000"

[rights]
? rights
#object.uri = "https://creativecommons.org/publicdomain/mark/1.0/"
@ object.holder name
@ object.attribution attribution
@ object.restrictions object.restrictions
#digital.uri = "https://creativecommons.org/licenses/by/4.0/"
@ digital.holder name
@ digital.attribution attribution
@ digital.restrictions restrictions

[capture]
? capture
@ method
#device = "Sample Scanner 3"
#software = "Sample Studio 5.1"
#operator = "team 2"
#date = "2026-05-01"
@ calibration
? scale
#scale = "measured"
@ scale_basis
@ notes

[scan]
? unit
#unit = "mm"
? up
#up = "+Z"
#front = "-Y"
? frame
#frame = "common"
? files
<files>
? pose
#[[scan.pose]]
#file = <file>
#matrix = [[1, 0, 0, 250], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
#rough = true
<match>
? distance
#[[scan.distance]]
#name = "scale bar A"
#file = <file>
#points = [[-60.0, 0.0, 5.0], [60.0, 0.0, 5.0]]
#length = 120.0
#unit = "mm"
#uncertainty = 0.05

[crop]
? support
#support = "remove"
? box
#min = [-200.0, -200.0, 0.0]
#max = [200.0, 200.0, 500.0]

[pipeline]
? pipeline
#use = "web"
#set."voxel_downsample.voxel_size_mm" = 0.5

? hotspot
#[[hotspot]]
#id = "handle-left"
#position = [-120.0, 0.0, 310.0]
#normal = [-1.0, 0.0, 0.0]
#camera = { position = [-600.0, 0.0, 350.0], target = [-120.0, 0.0, 310.0] }
@ title hotspot.title
@ text
#audio.en = "audio/handle-en.mp3"

? tour
#[[tour]]
#id = "around"
@ title tour.title
@ text tour.text
#steps = ["handle-left"]

? related
#[[related]]
#relation = "pair of"
#id = "amphora-13"
@ label related.label

#[[related]]
#relation = "see"
#uri = "https://museum.example/amphora-12"
"""

#: For two scans or more.
_MATCH = """\
? match
#[[scan.match]]
#file = <file>
#points = [[12.0, 80.5, 3.0], [-40.0, 61.0, 8.5], [5.0, -22.0, 30.0]]
#onto = <other>
#onto_points = [[3.0, 80.5, -12.0], [8.5, 61.0, 40.0], [30.0, -22.0, -5.0]]
? turntable
#[scan.turntable]
#axis_point = [0.0, 0.0, 600.0]
#axis = [0.0, 1.0, 0.0]
#step_degrees = 30.0
<files>
"""

#: What people type for simplified Chinese; zh-Hant and zh-TW are another script.
_SIMPLIFIED = {"zh", "zh-CN", "zh-SG", "zh-Hans-CN", "zh-Hans-SG"}


def relic_toml_template(
    language: str = "en", *, id: str | None = None, files: Sequence[str] = ()
) -> str:
    """The text of a commented relic.toml.

    `language` is a BCP 47 tag, one of LANGUAGES or a variety of one ("de-AT").
    `id` is written as the relic's id, `files` (paths in the scan folder) as the
    example of [scan] files. Raises PipelineError for a language that the
    template does not speak, ScanError for an id that cannot be one.
    """
    spoken = template_language(language)
    other = "en" if spoken != "en" else "zh-Hans"
    if id is not None and (problem := id_problem(id)):
        raise ScanError(
            f"{id[:60]!r} cannot be an id: {problem}",
            remedy=f"for example {relic_id_from_path([id])}",
        )
    named = [file for file in files if _can_be_named(file)] or ["scan-1.ply", "scan-2.ply"]
    values = {
        "<id>": f"id = {_quoted(id)}" if id else '#id = "amphora-12"',
        "<files>": f"#files = [{', '.join(map(_quoted, named))}]",
        "<file>": _quoted(named[0]),
        "<other>": _quoted(named[-1]),
    }
    layout = _LAYOUT.replace("<match>\n", _MATCH if len(named) > 1 else "")
    return "".join(f"{line}\n" for line in _lines(layout, spoken, other, values))


def template_language(language: str) -> str:
    """The language of LANGUAGES that a BCP 47 tag asks for. Raises PipelineError."""
    with contextlib.suppress(ValueError):
        tag = canonical_tag(language)
        if tag in _SIMPLIFIED:
            return "zh-Hans"
        # RFC 4647 section 3.4: drop what stands last until something fits.
        while tag:
            if tag in LANGUAGES:
                return tag
            tag = tag.rpartition("-")[0]
    raise PipelineError(
        f"there is no template in the language {language[:40]!r}",
        remedy="use one of " + ", ".join(LANGUAGES) + "; texts inside may be in any language",
    )


def write_relic_toml(folder: Path, text: str) -> Path:
    """Write `folder/relic.toml`, never over one that is there. Raises OutputError."""
    path = folder / "relic.toml"
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise OutputError(
            "there is a relic.toml already, and it is never overwritten",
            scan=str(path),
            remedy="edit it, or move it away first",
        ) from None
    except OSError as error:
        raise OutputError(
            f"the file cannot be written ({error.strerror or error})",
            scan=str(path),
            remedy="check that the folder exists and that you may write in it",
        ) from None
    return path


def _lines(layout: str, spoken: str, other: str, values: dict[str, str]) -> Iterator[str]:
    for line in layout.splitlines():
        mark, _, rest = line.partition(" ")
        if mark == "?":
            for comment in COMMENTS[rest][spoken].split("\n"):  # type: ignore[literal-required]
                yield f"# {comment}"
        elif mark == "@":
            key, _, entry = rest.partition(" ")
            for language in (spoken, other):
                text = EXAMPLES[entry or key][language]  # type: ignore[literal-required]
                yield f"#{key}.{language} = {_quoted(text)}"
        else:
            for name, value in values.items():
                line = line.replace(name, value)
            yield line


def _can_be_named(file: str) -> bool:
    try:
        TypeAdapter(GivenPath).validate_python(file)
    except ValidationError:
        return False
    return True


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's (both leave text in other scripts alone)."""
    return json.dumps(text, ensure_ascii=False)
