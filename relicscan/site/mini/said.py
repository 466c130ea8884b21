"""What a page of a mini-programme says of a relic in one language, as texts and lists of texts.

A text is {"text", "other", "dir"}: `other` names its language where that is not the page's, `dir`
is "rtl" where it is written from right to left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from relicscan.site.gather import Shown
from relicscan.site.words import Language, direction


class Sayer:
    """Texts in a language; what stands in another is marked with its name."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, texts: Mapping[str, str] | None, default: str = "") -> dict[str, str]:
        found = self.language.said(texts)
        if found is None:
            return {"text": default, "other": "", "dir": ""}
        other = self.language.plain("in_language", language=found.other) if found.other else ""
        return {"text": found.text, "other": other, "dir": html_class(direction(found.tag))}

    def plain(self, text: str) -> dict[str, str]:
        """A text that is the interface's own."""
        return {"text": text, "other": "", "dir": ""}

    def count(self, number: int) -> str:
        key = "relics_one" if number == 1 else "relics_count"
        return self.language.plain(key, count=number)

    def dating(self, relic: Shown) -> dict[str, str]:
        stated = relic.about.object.dating
        if stated and stated.display:
            return self(stated.display)
        years = relic.years
        return self.plain(self.language.years(years) if years else self.language.plain("no_date"))

    def facts(self, relic: Shown) -> Iterator[dict[str, Any]]:
        """What it is, and its dimensions: those of the catalogue and those of the model."""
        language, thing = self.language, relic.about.object
        kind = thing.type.label if thing.type else None
        for key, texts in (
            ("kind", kind),
            ("material", thing.material),
            ("culture", thing.culture),
            ("place", thing.place),
            ("maker", thing.maker),
        ):
            if texts:
                yield {"label": language.plain(key), "value": self(texts)}
        if thing.inventory_number:
            number = self.plain(thing.inventory_number)
            yield {"label": language.plain("inventory"), "value": number}
        if thing.dimension:
            sizes = ", ".join(
                f"{language.plain(size.kind)} {size.value} {size.unit}"
                + (f" ({language.text(size.part)})" if size.part else "")
                for size in thing.dimension
            )
            yield self._dimensions(f"{sizes} ({language.plain('stated_by_catalogue')})")
        if relic.size_mm:
            width, height, depth = (language.cm(one) for one in relic.size_mm)
            yield self._dimensions(
                f"{language.plain('height')} {height}, {language.plain('width')} {width}, "
                f"{language.plain('depth')} {depth} ({language.plain('measured_box')})"
            )
        else:
            yield self._dimensions(language.plain("scale_unknown"))

    def _dimensions(self, text: str) -> dict[str, Any]:
        return {"label": self.language.plain("dimensions"), "value": self.plain(text)}

    def truth(self, relic: Shown) -> Iterator[str]:
        """How far the finest model of the target is from the scan, and what was made up.

        The site says of the latter that it can be shown in colour, and a mini-programme cannot.
        """
        language, deviation = self.language, relic.levels[-1].deviation
        if way := deviation.scan_to_level if deviation else None:
            samples = language.count(way.samples)
            if way.rms_mm is not None:
                figure = f"{language.number(way.rms_mm, 2)}\u00a0mm"
                yield language.plain("truth_deviation_mm", figure=figure, samples=samples)
            else:
                figure = language.percent(way.rms_of_diagonal)
                yield language.plain("truth_deviation_share", figure=figure, samples=samples)
        if relic.restored_share:
            label, share = language.plain("act_restored"), language.percent(relic.restored_share)
            labelled = language.words.get("labelled") or language.fallback["labelled"]
            yield labelled.format(label=label, text=share)
        elif relic.manifest.holes:
            yield language.plain("truth_nothing_restored")

    def rights(self, relic: Shown) -> Iterator[dict[str, Any]]:
        language, rights = self.language, relic.about.rights
        for key, right in (("rights_object", rights.object), ("rights_digital", rights.digital)):
            if right.uri or right.credit:
                yield {
                    "label": language.plain(key),
                    "licence": language.licence(right.uri),
                    "uri": right.uri or "",
                    "credit": self(right.credit),
                    "restrictions": self(right.restrictions),
                }


def html_class(direction: str) -> str:
    """The class of a text: those from right to left have one."""
    return "rtl" if direction == "rtl" else ""
