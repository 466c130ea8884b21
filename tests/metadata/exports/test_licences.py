"""Licences and statements: one identifier for every way to write them, none for what is none."""

from __future__ import annotations

import pytest

from relicscan.metadata.exports.licences import canonical, europeana_rights

CC = "creativecommons.org"
RS = "rightsstatements.org"


@pytest.mark.parametrize(
    ("written", "identifier"),
    [
        (f"https://{CC}/licenses/by/4.0/", f"http://{CC}/licenses/by/4.0/"),
        (f"https://www.{CC}/licenses/by/4.0", f"http://{CC}/licenses/by/4.0/"),
        (f"https://{CC}/licenses/by-sa/4.0/deed.de", f"http://{CC}/licenses/by-sa/4.0/"),
        (f"https://{CC}/licenses/by-sa/4.0/deed.zh-hans", f"http://{CC}/licenses/by-sa/4.0/"),
        (f"https://{CC}/licenses/by-nc-nd/4.0/legalcode", f"http://{CC}/licenses/by-nc-nd/4.0/"),
        (f"https://{CC}/licenses/by/3.0/igo/", f"http://{CC}/licenses/by/3.0/igo/"),
        (f"https://{CC}/licenses/by/2.1/jp/", f"http://{CC}/licenses/by/2.1/jp/"),
        (f"https://{CC}/licenses/by-nd-nc/1.0/", f"http://{CC}/licenses/by-nd-nc/1.0/"),
        (f"https://{CC}/publicdomain/zero/1.0/deed.fr", f"http://{CC}/publicdomain/zero/1.0/"),
        (f"https://{RS}/page/InC/1.0/?language=de", f"http://{RS}/vocab/InC/1.0/"),
        (f"https://www.{RS}/vocab/NoC-US/1.0", f"http://{RS}/vocab/NoC-US/1.0/"),
    ],
)
def test_one_identifier(written: str, identifier: str) -> None:
    assert canonical(written) == canonical(identifier) == identifier


@pytest.mark.parametrize(
    "none",
    [
        *(f"https://{CC}/licenses/{it}/" for it in ("by/2.1", "by/4.0/de", "by/5.0", "by/3.1")),
        *(f"https://{CC}/licenses/{it}/" for it in ("by-nc-nd/1.0", "by-nd-nc/4.0", "nd/2.5")),
        f"https://{CC}/publicdomain/zero/2.0/",
        f"https://{CC}/licenses/by/4.0/evil",
        f"https://{CC}.example/licenses/by/4.0/",
        f"https://x.example/?http://{CC}/licenses/by/4.0/",
        f"https://{RS}/vocab/InC/2.0/",
        f"https://{RS}/vocab/Other/1.0/",
        "",
    ],
)
def test_what_is_none(none: str) -> None:
    assert canonical(none) is None
    assert europeana_rights(none) is None


def test_europeana_takes_some_of_them() -> None:
    assert europeana_rights(f"https://{CC}/licenses/by/4.0/deed.de")
    assert europeana_rights(f"https://{RS}/page/InC/1.0/")
    assert canonical(f"https://{CC}/licenses/by/2.0/xx/")
    assert europeana_rights(f"https://{CC}/licenses/by/2.0/xx/") is None
    assert europeana_rights(f"https://{RS}/vocab/UND/1.0/") is None
    assert europeana_rights(None) is None
