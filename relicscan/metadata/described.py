"""What a relic's metadata says of the object, and the SHA-256 by which a copy can be told from it.

Models and exports leave the output folder on their own. The digest that they carry tells whether
they say what relic.json says now. It is of the part that describes: `scan`, `crop` and
`pipeline` say how the relic was made, and other scans of the same object change nothing in it.

A museum makes the digest again with nothing but relic.json and Python (`canonical` has the rules):

    import hashlib, json
    described = json.load(open("relic.json", encoding="utf-8"))["metadata"]
    described = {k: v for k, v in described.items() if k not in ("scan", "crop", "pipeline")}
    text = json.dumps(described, ensure_ascii=False, sort_keys=True, indent=2) + "\\n"
    print(hashlib.sha256(text.encode()).hexdigest())
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relicscan.metadata.canonical import digest
from relicscan.metadata.relic_toml import RelicToml

#: The tables of relic.toml that are about the making and not about the object.
OF_THE_MAKING = ("scan", "crop", "pipeline")


def described_part(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What relic.json has in `metadata` for this, without the tables of the making.

    `metadata` is that of a relic: what relic.toml says, in full or in short forms. Raises
    ValueError for what no relic.toml could say.
    """
    stated = RelicToml.model_validate(dict(metadata)).stated()
    return {key: value for key, value in stated.items() if key not in OF_THE_MAKING}


def descriptive_digest(metadata: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of `described_part`, as 64 hexadecimal digits.

    Raises ValueError like `described_part`.
    """
    return digest(described_part(metadata))
