"""Words and addresses by which LIDO records say what is what, as far as relicscan knows them.

Addresses are those of the LIDO Terminology (terminology.lido-schema.org) and of the Getty AAT;
words are those that records of LIDO 1.0 have in their place. All in lower case.
"""

from __future__ import annotations

from types import MappingProxyType

_TERMS = "http://terminology.lido-schema.org/"
_AAT = "http://vocab.getty.edu/aat/"

#: Events in which an object is made.
PRODUCTION = frozenset(
    f"{_TERMS}{name}"
    for name in ("lido00007", "lido00012", "eventtype/production", "eventtype/creation")
) | {"production", "creation", "herstellung", "produktion"}
MATERIAL = frozenset(
    [f"{_TERMS}lido00132", f"{_TERMS}termMaterialsTech_type/material", "material", "Material"]
)
INVENTORY_NUMBER = frozenset([f"{_TERMS}lido00113", "inventory number", "Inventory number"]) | {
    *("inventoryNumber", "Inventarnummer", "inventory")
}
#: Types of a repository that has the object now; one without a type is taken for such.
CURRENT = frozenset(
    f"{_TERMS}repositorySet_type/{name}"
    for name in ("current_repository", "current_repository_or_location")
) | {None, "current", "Current"}
#: Types of a date that is not estimated; one without a type is what it says.
EXACT_DATE = frozenset([None, f"{_TERMS}lido00528", "exactDate", "exact"])
ALTERNATIVE = frozenset([f"{_TERMS}lido00170", "alternative", "alternate"])
AAT = frozenset(["aat", _AAT.rstrip("/"), _AAT.replace("http:", "https:").rstrip("/")])
#: Files of 3D models, by their ends.
MODEL_FILES = (".glb", ".gltf", ".usdz", ".obj", ".ply", ".stl", ".nxs", ".nxz", ".x3d", ".fbx")

_MEASURES = {
    "height": ("height", "höhe", "hauteur", "altezza", "高", "高度", f"{_AAT}300055644"),
    "width": ("width", "breite", "largeur", "larghezza", "宽", "宽度", f"{_AAT}300055647"),
    "depth": ("depth", "tiefe", "profondeur", "profondità", "深", "深度", f"{_AAT}300072633"),
    "length": ("length", "länge", "longueur", "lunghezza", "长", "长度", f"{_AAT}300055645"),
    "diameter": ("diameter", "durchmesser", "diamètre", "diametro", "直径", f"{_AAT}300055624"),
    "thickness": ("thickness", "dicke", "épaisseur", "spessore", "厚", "厚度", f"{_AAT}300055646"),
}
#: Kinds of measure by their names in five languages and their concepts.
MEASURES = MappingProxyType({word: kind for kind, words in _MEASURES.items() for word in words})

#: Last keys of the paths of fields that are not by language.
WITHOUT_LANGUAGE = frozenset(["aat", "inventory_number", "url", "id", "edtf", "uri"])
