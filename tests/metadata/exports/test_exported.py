"""What all exporters stand on: fields that are stated, what is lost, where hotspots are."""

from __future__ import annotations

import numpy as np

from relicscan.metadata.exports.exported import (
    PARTS,
    Exported,
    Loss,
    address,
    losses,
    models,
    parts,
    placed_hotspots,
    silent,
    sounds,
    stated_fields,
    untold_models,
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
    carried = dict.fromkeys((*stated_fields(relic), *PARTS), "somewhere")
    assert losses(relic, carried) == []
    del carried["object.culture"]
    assert losses(relic, carried) == [
        Loss("amphora-12", "object.culture", "the format has no place for it")
    ]


def test_parts_of_the_manifest_are_told_where_there_are_any(relic: Exported) -> None:
    without = dict.fromkeys(stated_fields(relic), "somewhere")
    assert [loss.field for loss in losses(relic, without)] == list(PARTS[1:])
    manifest = relic.manifest
    assert parts(manifest) == PARTS
    fewer = manifest.model_copy(update={"master": None, "files": (), "steps": ()})
    assert parts(fewer) == ("id", "models", "sources", "deviation", "checksums")
    levels = tuple(level.model_copy(update={"deviation": None}) for level in manifest.levels)
    assert "deviation" not in parts(manifest.model_copy(update={"levels": levels}))


def test_models_that_are_not_taken_are_told(relic: Exported) -> None:
    web = [level.path for level in models(relic.manifest)]
    told = untold_models(relic.manifest, web)
    assert [loss.field for loss in told] == ["models"] * 3
    assert [loss.reason.split()[-1] for loss in told] == [
        *("ar/model.glb", "wechat/low.glb", "ar/model.usdz"),
    ]


def test_sounds_are_those_that_were_delivered(relic: Exported) -> None:
    spoken = {"en": "audio/handle.en.mp3", "zh-Hans": "audio/handle.zh-Hans.mp3"}
    assert sounds(relic.manifest) == {"handle": spoken}
    assert silent(relic.manifest) == []
    files = tuple(file for file in relic.manifest.files if file.path != spoken["en"])
    fewer = relic.manifest.model_copy(update={"files": files})
    assert sounds(fewer) == {"handle": {"zh-Hans": spoken["zh-Hans"]}}
    assert silent(fewer) == [
        Loss(relic.id, "hotspot.audio@en", "the sound of 'handle' was not delivered")
    ]


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
