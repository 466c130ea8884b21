"""What all exporters stand on: fields that are stated, what is lost, where hotspots are."""

from __future__ import annotations

import numpy as np

from relicscan.metadata.exports.exported import (
    Exported,
    Loss,
    address,
    best_text,
    losses,
    models,
    placed_hotspots,
    stated_fields,
)


def test_every_field_that_is_stated_is_found_once(relic: Exported) -> None:
    fields = stated_fields(relic)
    assert fields["object.title"]["zh-Hans"] == "彩绘双耳瓶"
    assert fields["object.dating.edtf"] == "-0529/-0519"
    assert fields["object.dimension.value"] == ["42.0", "18.55"]
    assert len(fields["hotspot.title"]) == 2
    assert fields["tour.steps"] == [["handle", "foot", "handle"]]
    assert not any(path.startswith(("scan", "crop", "pipeline")) for path in fields)


def test_nothing_is_stated_by_a_relic_that_says_nothing(bare: Exported) -> None:
    assert stated_fields(bare) == {"id": "unnamed"}


def test_what_a_format_has_no_place_for_is_told(relic: Exported) -> None:
    carried = dict.fromkeys(stated_fields(relic), "somewhere")
    assert losses(relic, carried) == []
    del carried["object.culture"]
    assert losses(relic, carried) == [
        Loss("amphora-12", "object.culture", "the format has no place for it")
    ]
    told = losses(relic, carried, languages=["en", "de", "fr", "it"])
    assert (
        Loss("amphora-12", "object.title@zh-Hans", "the format knows no texts in zh-Hans") in told
    )
    assert (
        Loss("amphora-12", "hotspot.text@zh-Hans", "the format knows no texts in zh-Hans") in told
    )


def test_hotspots_stand_on_the_delivered_model(relic: Exported) -> None:
    handle, foot = placed_hotspots(relic.manifest)
    np.testing.assert_allclose(handle.position, [-0.08, 0.1, 0.0], atol=1e-12)
    np.testing.assert_allclose(foot.position, [0.0, -0.205, 0.06], atol=1e-12)
    assert handle.normal is not None
    assert handle.camera is not None
    np.testing.assert_allclose(handle.normal, [-1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(handle.camera, [-0.4, 0.12, 0.0], atol=1e-12)
    np.testing.assert_allclose(handle.target, handle.position)


def test_models_and_addresses(relic: Exported) -> None:
    assert [level.name for level in models(relic.manifest)] == ["thumb", "low", "medium", "high"]
    assert address(None, "a b", "web/x y.glb") == "a%20b/web/x%20y.glb"
    assert address("https://m.example/", "a", "p") == "https://m.example/a/p"


def test_the_best_text_is_the_first_of_the_languages_that_is_there() -> None:
    assert best_text({"de": "ja", "en": "yes"}) == ("yes", "en")
    assert best_text({"de": "ja"}, ("fr", "it")) == ("ja", "de")
    assert best_text(None) is None
