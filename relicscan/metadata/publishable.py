"""What keeps a relic from being published. It may be run, kept and exported all the same."""

from __future__ import annotations

from relicscan.errors import ScanError
from relicscan.metadata.relic_toml import RelicToml


def why_not_published(toml: RelicToml) -> ScanError | None:
    """Why a relic with this metadata is not shown to visitors, and the remedy; None if it may be.

    A model without stated rights tells nobody what they may do with it.
    """
    if toml.rights.digital.uri is not None:
        return None
    return ScanError(
        "it cannot be published: nothing says which rights there are in the digital copy",
        scan="relic.toml",
        remedy="write the address of a licence or a rights statement, for example [rights] "
        'digital.uri = "https://creativecommons.org/licenses/by/4.0/"; defaults.toml holds for '
        "all relics of a root",
    )
