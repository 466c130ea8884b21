"""The kinds of value that relic.toml and the manifests are made of, each checked in one place.

A check that fails raises a FieldError; `relicscan.metadata.toml_problems` makes a
sentence with a line number of it.
"""

from __future__ import annotations

import datetime
import math
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from relicscan.metadata.identity import ID_PATTERN, id_problem, relic_id_from_path

#: Scanner software writes poses with as few as five decimals, whose rounding adds up to 2e-5 here;
#: a scale of 1.0001, refused just so, is 0.05 mm on an object of half a metre.
_RIGID_TOLERANCE = 1e-4

# No drive letter, no part "." or "..", no empty part. The recorded form allows backslashes, which
# are ordinary letters in names on Linux.
_NO_WAY_OUT = r"^(?![A-Za-z]:)(?!(.*/)?\.{1,2}(/|$))"
_RECORDED_PATH = _NO_WAY_OUT + r"[^/]+(/[^/]+)*$"
_GIVEN_PATH = _NO_WAY_OUT + r"[^/\\]+(/[^/\\]+)*$"

#: The characters of the Extended Date/Time Format (ISO 8601-2:2019), with something to date by.
_EDTF = r"^[YESTZW:+~?%.,/\[\]{}-]*[0-9X][0-9XYESTZW:+~?%.,/\[\]{}-]*$"
_DECIMAL = r"(?=.*[1-9])(0|[1-9][0-9]{0,11})(\.[0-9]{1,12})?"
#: A web address.
HTTP = r"^https?://[^\s<>\"{}|\\^`/]+(/[^\s<>\"{}|\\^`]*)?$"
_AAT = r"^https?://vocab\.getty\.edu/aat/[0-9]+$"


class Record(BaseModel):
    """A table whose keys are all known and whose values are what they claim to be."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class FieldError(ValueError):
    """What is wrong with a value and what would work.

    `path` leads on from the field to the wrong place inside it.
    """

    def __init__(self, problem: str, remedy: str, *path: str | int) -> None:
        super().__init__(f"{problem} ({remedy})")
        self.problem = problem
        self.remedy = remedy
        self.path = path


def _must_match(pattern: str, what: str, remedy: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value, re.DOTALL):
            raise FieldError(f"{value[:80]!r} is not {what}", remedy)
        return value

    return AfterValidator(check)


def _pattern(pattern: str) -> Any:
    """For the published schema only: the checks here speak more plainly than a pattern."""
    return Field(json_schema_extra={"pattern": pattern})


def _relic_id(value: str) -> str:
    if problem := id_problem(value):
        raise FieldError(
            f"{value[:60]!r} cannot be an id: {problem}",
            f"for example {relic_id_from_path([value])}",
        )
    return value


def _given_path(value: str) -> str:
    if "\\" in value:
        raise FieldError(f"{value[:80]!r} has a backslash", "write '/' between folder and file")
    if value.startswith("/") or re.match("[A-Za-z]:", value) or ".." in value.split("/"):
        raise FieldError(
            f"{value[:80]!r} leads out of the folder",
            "name a file inside the scan folder, by its path from there",
        )
    if not re.fullmatch(_GIVEN_PATH, value) or not value.isprintable():
        raise FieldError(f"{value[:80]!r} is not the path of a file", "for example scans/front.ply")
    return value


def _date_text(value: Any) -> Any:
    """TOML has dates of its own, and 2024-05-01 without quotes is one."""
    return value.isoformat() if isinstance(value, datetime.date) else value


def _edtf(value: str) -> str:
    from relicscan.metadata.dating import years_of

    remedy = (
        'write years with four digits, BC as astronomical years: 530-520 BC is "-0529/-0519"; '
        "prose belongs into display.en"
    )
    try:
        if not re.fullmatch(_EDTF, value):
            raise ValueError(f"{value[:80]!r} is not a date in EDTF")
        years_of(value)
    except ValueError as error:
        raise FieldError(str(error), remedy) from None
    return value


def _decimal_text(value: Any) -> Any:
    """A whole number loses nothing; how many decimals another had is lost already."""
    if isinstance(value, float):
        raise FieldError(
            f"{value!r} is a number, which forgets how exactly it was given",
            f'write it in quotes, as the catalogue has it: "{value!r}"',
        )
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _direction(value: tuple[float, float, float]) -> tuple[float, float, float]:
    if math.hypot(*value) < 1e-6:
        raise FieldError(
            "a direction of length 0", "give the way the surface faces: [0.0, 0.0, 1.0]"
        )
    return value


Row = Annotated[tuple[float, float, float, float], Field(strict=False)]
Matrix4 = Annotated[tuple[Row, Row, Row, Row], Field(strict=False)]


def _rigid(matrix: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    """Whether a 4x4 matrix, row by row, turns and shifts and does nothing else."""
    rows = [row[:3] for row in matrix[:3]]

    def dot(i: int, j: int) -> float:
        return sum(a * b for a, b in zip(rows[i], rows[j], strict=True))

    if any(abs(have - want) > 1e-9 for have, want in zip(matrix[3], (0, 0, 0, 1), strict=True)):
        by_columns = all(abs(row[3]) <= 1e-9 for row in matrix[:3])
        raise FieldError(
            f"the last row is {list(matrix[3])}, not [0, 0, 0, 1]",
            "the matrix is written column by column: write it row by row, "
            "with the shift at the end of the first three rows"
            if by_columns
            else "write the matrix row by row, the last row being [0, 0, 0, 1]",
        )
    lengths = [math.sqrt(dot(i, i)) for i in range(3)]
    if max(abs(length - 1) for length in lengths) > _RIGID_TOLERANCE:
        raise FieldError(
            "the matrix scales: its rows have the lengths "
            + ", ".join(f"{length:.6g}" for length in lengths),
            "take the scale out of the matrix; the unit of all scans is stated by [scan] unit",
        )
    if max(abs(dot(0, 1)), abs(dot(0, 2)), abs(dot(1, 2))) > _RIGID_TOLERANCE:
        raise FieldError(
            "the matrix shears: its rows are not at right angles", "export the pose again"
        )
    (a, b, c), (d, e, f), (g, h, i) = rows
    if a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) < 0:
        raise FieldError(
            "the matrix mirrors (determinant -1)",
            "a scanner never sees a mirror image: export the pose again with right-handed axes",
        )
    return matrix


#: A relic's id: see `relicscan.metadata.identity`.
RelicId = Annotated[str, AfterValidator(_relic_id), _pattern(ID_PATTERN)]
#: The name of a hotspot or a tour, unique among its kind in one relic.
Name = Annotated[
    str,
    _must_match(
        r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}",
        "a name of letters a-z, digits, '-', '_' and '.'",
        "for example handle-left",
    ),
    _pattern(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"),
]
#: A text without a language, such as a name or a number.
Text = Annotated[
    str,
    _must_match(r".*\S.*", "a text: it is empty", "leave the key out, or write a text"),
    _pattern(r"\S"),
]
#: A file of the scan folder as relic.toml names it.
GivenPath = Annotated[str, AfterValidator(_given_path), _pattern(_GIVEN_PATH)]
#: A file as a manifest records it: relative to the folder it is in, '/' between the parts.
RecordedPath = Annotated[
    str,
    _must_match(_RECORDED_PATH, "a path inside a folder", "record paths relative to the folder"),
    _pattern(_RECORDED_PATH),
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
HttpUri = Annotated[
    str,
    _must_match(
        HTTP,
        "a web address",
        "write it in full, for example https://creativecommons.org/publicdomain/zero/1.0/",
    ),
    _pattern(HTTP),
]
AatUri = Annotated[
    str,
    _must_match(
        _AAT,
        "a concept of the Art & Architecture Thesaurus",
        "for example http://vocab.getty.edu/aat/300148696",
    ),
    _pattern(_AAT),
]
#: A date or period in EDTF, told apart from prose ("530 BC").
Edtf = Annotated[str, BeforeValidator(_date_text), AfterValidator(_edtf), _pattern(_EDTF)]
#: A positive decimal number as it is written in a catalogue: 31.20 keeps its last 0.
Decimal = Annotated[
    str,
    BeforeValidator(_decimal_text),
    _must_match(
        _DECIMAL, "a positive decimal number", 'write it in quotes, with a point: value = "31.2"'
    ),
    _pattern(f"^{_DECIMAL}$"),
]
Axis = Literal["+X", "-X", "+Y", "-Y", "+Z", "-Z"]
Vector3 = Annotated[tuple[float, float, float], Field(strict=False)]
Direction = Annotated[Vector3, AfterValidator(_direction)]
#: A rigid 4x4 transform, row by row.
RigidMatrix = Annotated[Matrix4, AfterValidator(_rigid)]
