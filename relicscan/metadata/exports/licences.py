"""Licences and rights statements by their identifiers, however their addresses were written.

Creative Commons and rightsstatements.org identify theirs by an address that begins with `http`
and ends with `/`. People copy other addresses of the same: https, with www, of the page for
readers ("deed.de", "page") or of the text for lawyers ("legalcode").
"""

from __future__ import annotations

import re

_LICENCE = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/"
    r"(?:licenses/(?P<kind>by|by-sa|by-nd|by-nc|by-nc-sa|by-nc-nd|by-nd-nc)/(?P<version>\d\.\d)"
    r"(?:/(?P<port>igo|scotland|[a-z]{2}))?"
    r"|publicdomain/(?P<tool>zero|mark)/1\.0)"
    r"(?:/(?:(?:deed|legalcode)(?:\.[A-Za-z_-]+)?)?)?"
)
_STATEMENT = re.compile(
    r"https?://(?:www\.)?rightsstatements\.org/(?:vocab|page|data)/"
    r"(InC(?:-OW-EU|-EDU|-NC|-RUU)?|NoC-(?:CR|NC|OKLR|US)|CNE|UND|NKC)/1\.0"
    r"/?(?:\?language=[A-Za-z-]+)?"
)
#: Versions of licences for the whole world, and those that were ported to countries.
_UNPORTED = ("1.0", "2.0", "2.5", "3.0", "4.0")
_PORTED = ("1.0", "2.0", "2.1", "2.5", "3.0")

#: Countries to which Creative Commons licences were ported, by version: those of Europeana's list.
_EUROPEANA_PORTS = {
    "1.0": "|fi|il|nl",
    "2.0": "|au|at|be|br|ca|cl|hr|uk|fr|de|it|jp|nl|pl|kr|es|tw",
    "2.1": "au|es|jp",
    "2.5": "|ar|au|br|bg|ca|cn|co|hr|dk|hu|in|il|it|mk|my|mt|mx|nl|pe|pl|pt|scotland|si|za|es|se"
    "|ch|tw",
    "3.0": "|au|at|br|cl|cn|cr|hr|cz|ec|eg|ee|fr|de|gr|gt|hk|igo|ie|it|lu|nl|nz|no|ph|pl|pt|pr|ro"
    "|rs|sg|za|es|ch|tw|th|ug|us|ve|vn",
    "4.0": "",
}
_EUROPEANA_LICENCE = re.compile(
    r"http://creativecommons\.org/licenses/by(?:-nc)?(?:-sa|-nd)?/([0-9.]+)/(?:([a-z]+)/)?"
)
_EUROPEANA_OTHER = re.compile(
    r"http://(creativecommons\.org/publicdomain/(zero|mark)/1\.0/"
    r"|rightsstatements\.org/vocab/(NoC-NC|NoC-OKLR|InC|InC-EDU|InC-OW-EU|CNE)/1\.0/)"
)


def canonical(uri: str) -> str | None:
    """The identifier of a licence or statement; None of what is none, or none that there is."""
    if found := _LICENCE.fullmatch(uri):
        return _creative_commons(**found.groupdict())
    if found := _STATEMENT.fullmatch(uri):
        return f"http://rightsstatements.org/vocab/{found[1]}/1.0/"
    return None


def europeana_rights(uri: str | None) -> str | None:
    """The identifier of a licence or rights statement, if Europeana takes it for edm:rights."""
    identifier = canonical(uri or "") or ""
    if licence := _EUROPEANA_LICENCE.fullmatch(identifier):
        ported = (licence[2] or "") in _EUROPEANA_PORTS.get(licence[1], "-").split("|")
        return identifier if ported else None
    return identifier if _EUROPEANA_OTHER.fullmatch(identifier) else None


def _creative_commons(
    kind: str | None, version: str | None, port: str | None, tool: str | None
) -> str | None:
    if tool:
        return f"http://creativecommons.org/publicdomain/{tool}/1.0/"
    # Version 1.0 put the two conditions the other way round.
    never = "by-nc-nd" if version == "1.0" else "by-nd-nc"
    if kind == never or version not in (_PORTED if port else _UNPORTED):
        return None
    ported = f"{port}/" if port else ""
    return f"http://creativecommons.org/licenses/{kind}/{version}/{ported}"
