"""What a search looks through: a compact index in one language, read by the search page's script.

    {"museums": [[id, name]], "kinds": [...], "materials": [...],
     "periods": [[first, last, label]], "relics": [[id, title, museum, thumb, dating,
     [first, last] | null, [kinds], [materials], more]]}

Numbers stand for places in the lists before. `more` is what is searched besides what is shown:
culture, place, maker, inventory number, the title as it was given in other languages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from relicscan.metadata.dating import Years
from relicscan.site.gather import Exhibition, Shown
from relicscan.site.relic_data import RelicAssets
from relicscan.site.timeline import timeline_of
from relicscan.site.words import Language

#: What separates materials in a list of them, in the scripts that have a mark of their own.
_BETWEEN = re.compile(r"\s*[,;/、，；،]\s*")


class _Numbered:
    """Texts in the order they are first met, each with its number; letters' case does not tell."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        number = self._numbers.setdefault(text.casefold(), len(self.texts))
        if number == len(self.texts):
            self.texts.append(text[:1].upper() + text[1:])
        return number


def index(exhibition: Exhibition, placed: Mapping[str, RelicAssets], language: Language) -> bytes:
    """The index of an exhibition in a language, as JSON."""
    text = language.text
    museums = {museum.id: i for i, museum in enumerate(exhibition.museums)}
    kinds, materials = _Numbered(), _Numbered()
    relics = []
    for relic in exhibition.relics:
        thing = relic.about.object
        stated = thing.dating.display if thing.dating else None
        relics.append(
            [
                relic.id,
                text(relic.title),
                museums[relic.museum],
                placed[relic.id].thumb,
                text(stated) or (language.years(relic.years) if relic.years else ""),
                list(_ends(relic.years)) if relic.years else None,
                [
                    kinds.number(one)
                    for one in [text(thing.type.label if thing.type else None)]
                    if one
                ],
                [materials.number(one) for one in _BETWEEN.split(text(thing.material)) if one],
                _more(relic, language),
            ]
        )
    unnamed = language.plain("unnamed_museum")
    data = {
        "museums": [[one.id, text(one.name, unnamed)] for one in exhibition.museums],
        "kinds": kinds.texts,
        "materials": materials.texts,
        "periods": [
            [band.first, band.last, language.years(band.years)]
            for band in timeline_of(exhibition.relics).bands
        ],
        "relics": relics,
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def _more(relic: Shown, language: Language) -> str:
    thing, text = relic.about.object, language.text
    parts = [text(thing.culture), text(thing.place), text(thing.maker), thing.inventory_number]
    parts += [one for one in relic.title.values() if one != text(relic.title)]
    return " ".join(part for part in parts if part)


def _ends(years: Years) -> tuple[int, int]:
    known = [year for year in years if year is not None]
    return known[0], known[-1]
