"""What a IIIF viewer shows beside a relic: labelled texts, each in every language it is given in.

IIIF gives `metadata` no meaning but to be read, so every field becomes a pair of a label in
LABEL_LANGUAGES and the value as the museum wrote it. Language maps and plain text that looks like
HTML: IIIF Presentation API 4.0 (draft), "Language of Property Values" and "HTML Markup in Property
Values", https://iiif.io/api/presentation/4.0/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relicscan.metadata.descriptive import Dimension, Related
from relicscan.metadata.exports.exported import Exported, stated_fields
from relicscan.metadata.exports.licences import canonical
from relicscan.metadata.languages import UNDETERMINED

LABEL_LANGUAGES = ("en", "de", "fr", "it", "zh-Hans")

#: What IIIF has for a text without a language.
_NONE = "none"

#: The fields that become an entry of their own, in the order they are shown, and their labels.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "object.type.label": ("Kind of object", "Objektart", "Type d’objet", "Tipo di oggetto", "类型"),
    "object.type.aat": ("Kind (AAT)", "Objektart (AAT)", "Type (AAT)", "Tipo (AAT)", "类型（AAT）"),
    "object.material": ("Material", "Material", "Matériau", "Materiale", "材质"),
    "object.culture": ("Culture", "Kultur", "Culture", "Cultura", "文化"),
    "object.place": ("Place of origin", "Herkunft", "Origine", "Provenienza", "产地"),
    "object.maker": ("Maker", "Hersteller", "Auteur", "Autore", "作者"),
    "object.dating.display": ("Date", "Datierung", "Datation", "Datazione", "年代"),
    "object.dating.edtf": (
        *("Date (EDTF)", "Datierung (EDTF)", "Datation (EDTF)", "Datazione (EDTF)"),
        "年代（EDTF）",
    ),
    "object.inventory_number": (
        *("Inventory number", "Inventarnummer", "Numéro d’inventaire", "Numero d’inventario"),
        "藏品编号",
    ),
    "object.represents": (
        *("The model shows", "Das Modell zeigt", "Le modèle montre", "Il modello mostra"),
        "模型所示",
    ),
    "museum.id": (
        *("Museum identifier", "Kennung des Museums", "Identifiant du musée"),
        *("Identificativo del museo", "博物馆标识"),
    ),
    "rights.object.uri": (
        *("Rights in the object", "Rechte am Objekt", "Droits sur l’objet"),
        *("Diritti sull’oggetto", "文物权利"),
    ),
    "rights.object.holder": (
        *("Holder of rights in the object", "Inhaber der Rechte am Objekt"),
        *("Titulaire des droits sur l’objet", "Titolare dei diritti sull’oggetto", "文物权利人"),
    ),
    "rights.object.attribution": (
        *("Attribution of the object", "Namensnennung zum Objekt", "Mention pour l’objet"),
        *("Attribuzione dell’oggetto", "文物署名"),
    ),
    "rights.object.restrictions": (
        *("Restrictions on the object", "Einschränkungen zum Objekt"),
        *("Restrictions sur l’objet", "Restrizioni sull’oggetto", "文物使用限制"),
    ),
    "rights.digital.uri": (
        *("Rights in the 3D model", "Rechte am 3D-Modell", "Droits sur le modèle 3D"),
        *("Diritti sul modello 3D", "三维模型权利"),
    ),
    "rights.digital.holder": (
        *("Holder of rights in the 3D model", "Inhaber der Rechte am 3D-Modell"),
        *("Titulaire des droits sur le modèle 3D", "Titolare dei diritti sul modello 3D"),
        "三维模型权利人",
    ),
    "rights.digital.restrictions": (
        *("Restrictions on the 3D model", "Einschränkungen zum 3D-Modell"),
        *("Restrictions sur le modèle 3D", "Restrizioni sul modello 3D", "三维模型使用限制"),
    ),
    "capture.method": (
        "Captured by",
        "Aufnahmeverfahren",
        "Procédé",
        "Metodo di rilievo",
        "采集方法",
    ),
    "capture.device": ("Device", "Gerät", "Appareil", "Strumento", "采集设备"),
    "capture.software": ("Software", "Software", "Logiciel", "Software", "软件"),
    "capture.operator": ("Operator", "Aufgenommen von", "Opérateur", "Operatore", "采集人员"),
    "capture.date": ("Captured on", "Aufgenommen am", "Numérisé le", "Rilevato il", "采集日期"),
    "capture.calibration": ("Calibration", "Kalibrierung", "Étalonnage", "Calibrazione", "校准"),
    "capture.scale": ("Scale", "Maßstab", "Échelle", "Scala", "比例"),
    "capture.scale_basis": (
        *("Scale taken from", "Maßstab nach", "Échelle établie par", "Scala ricavata da"),
        "比例依据",
    ),
    "capture.notes": (
        *("Notes on the capture", "Anmerkungen zur Aufnahme", "Remarques sur la numérisation"),
        *("Note sul rilievo", "采集说明"),
    ),
}

#: Words of ours that stand in values and labels.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "attribution": ("Attribution", "Namensnennung", "Mention", "Attribuzione", "署名"),
    "collection": ("Objects in 3D", "Objekte in 3D", "Objets en 3D", "Oggetti in 3D", "三维文物"),
    "height": ("Height", "Höhe", "Hauteur", "Altezza", "高"),
    "width": ("Width", "Breite", "Largeur", "Larghezza", "宽"),
    "depth": ("Depth", "Tiefe", "Profondeur", "Profondità", "深"),
    "length": ("Length", "Länge", "Longueur", "Lunghezza", "长"),
    "diameter": ("Diameter", "Durchmesser", "Diamètre", "Diametro", "直径"),
    "thickness": ("Thickness", "Dicke", "Épaisseur", "Spessore", "厚"),
    "part of": ("Part of", "Teil von", "Partie de", "Parte di", "属于"),
    "has part": ("Has part", "Hat Teil", "Comprend", "Comprende", "包含"),
    "copy of": ("Copy of", "Kopie von", "Copie de", "Copia di", "复制自"),
    "has copy": ("Has copy", "Kopie", "Copie", "Copia", "复制品"),
    "pair of": ("Pair of", "Gegenstück zu", "Pendant de", "In coppia con", "成对"),
    "found with": ("Found with", "Gefunden mit", "Trouvé avec", "Trovato con", "同出"),
    "see": ("See", "Siehe", "Voir", "Vedi", "参见"),
    "existing state": (
        *("existing state", "heutiger Zustand", "état actuel", "stato attuale", "现状"),
    ),
    "restoration": ("restoration", "Restaurierung", "restauration", "restauro", "修复状态"),
    "reconstruction": (
        *("reconstruction", "Rekonstruktion", "reconstitution", "ricostruzione", "复原"),
    ),
    "born digital": (
        *("born digital", "digital entstanden", "né numérique", "nato digitale", "原生数字"),
    ),
    "measured": ("measured", "gemessen", "mesurée", "misurata", "实测"),
    "declared": ("declared", "angegeben", "déclarée", "dichiarata", "声明"),
    "unknown": ("unknown", "unbekannt", "inconnue", "sconosciuta", "未知"),
}

#: Fields whose values are among those words.
_OF_OUR_WORDS = ("object.represents", "capture.scale")

LanguageMap = dict[str, list[str]]


def label(texts: Mapping[str, str] | str) -> LanguageMap:
    """Texts by language, or one of none, as a language map for where HTML is never read."""
    if isinstance(texts, str):
        return {_NONE: [texts]}
    return {_NONE if tag == UNDETERMINED else tag: [text] for tag, text in texts.items()}


def value(texts: Mapping[str, str] | str) -> LanguageMap:
    """The same for where a viewer takes what begins with "<" and ends with ">" for HTML.

    A space at the end keeps such a text plain, as the specification advises.
    """
    return {tag: [_plain_text(text) for text in given] for tag, given in label(texts).items()}


def words(name: str) -> LanguageMap:
    """A word of ours in LABEL_LANGUAGES."""
    return label(dict(zip(LABEL_LANGUAGES, _WORDS[name], strict=True)))


def entries(relic: Exported) -> list[dict[str, LanguageMap]]:
    """The `metadata` of a relic. The digital copy's rights are here where `rights` cannot say
    them.
    """
    fields, stated = stated_fields(relic), relic.manifest.metadata
    said = stated.rights.digital.uri
    if said and canonical(said):
        del fields["rights.digital.uri"]
    found = [
        {
            "label": label(dict(zip(LABEL_LANGUAGES, labels, strict=True))),
            "value": _of(field, fields[field]),
        }
        for field, labels in FIELDS.items()
        if field in fields
    ]
    sizes = [
        {"label": words(dimension.kind), "value": _measure(dimension)}
        for dimension in stated.object.dimension
    ]
    others = [
        {"label": words(other.relation), "value": _related(other)} for other in stated.related
    ]
    return [*found, *sizes, *others]


def _plain_text(text: str) -> str:
    return f"{text} " if text.startswith("<") and text.endswith(">") else text


def _of(field: str, stated: Any) -> LanguageMap:
    return words(stated) if field in _OF_OUR_WORDS else value(stated)


def _measure(dimension: Dimension) -> LanguageMap:
    text = f"{dimension.value} {dimension.unit}"
    if dimension.uncertainty:
        text += f" ± {dimension.uncertainty} {dimension.unit}"
    if not dimension.part:
        return value(text)
    return value({tag: f"{text} ({part})" for tag, part in dimension.part.items()})


def _related(other: Related) -> LanguageMap:
    where = other.id or other.uri or ""
    if not other.label:
        return value(where)
    return value({tag: f"{text} ({where})" for tag, text in other.label.items()})
