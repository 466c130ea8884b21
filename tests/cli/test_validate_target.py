"""`relicscan validate --target`: a file against a delivery target, compressed content, USDZ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.commands import Cli
from delivery.glb_shapes import MM, painted, texture
from delivery.targets_files import changed, plain_glb, zipped

from docs.generate import OWN_TARGET
from relicscan.delivery.khronos import what_is_missing
from relicscan.delivery.usdz import what_is_missing as usd_is_missing
from relicscan.delivery.usdz import write_usdz
from relicscan.relic import Material

needs_usd = pytest.mark.skipif(usd_is_missing() is not None, reason=f"no USD: {usd_is_missing()}")


@pytest.fixture
def low(tmp_path: Path) -> Path:
    return plain_glb(tmp_path / "low.glb")


@pytest.mark.parametrize("name", ["web", "alipay", "wechat"])
def test_a_model_that_fits(cli: Cli, low: Path, name: str) -> None:
    assert cli("validate", low, "--target", name).out == f"{low}: ok\n"


def test_a_model_that_does_not(cli: Cli, tmp_path: Path) -> None:
    path = plain_glb(tmp_path / "thumb.glb", side=600)
    said = cli("validate", path, "--target", "web", code=1)
    first, *rest = said.out.splitlines()
    assert first == f"{path}: wrong"
    assert any("600 pixels on the longer side of photo" in line for line in rest)
    cli("validate", path, "--target", "web", "--level", "high")
    cli("validate", path)


def test_json(cli: Cli, low: Path) -> None:
    said = cli("validate", low, "--target", "ar", "--json")
    (result,) = json.loads(said.out)
    assert result["ok"] is True
    assert [finding["code"] for finding in result["findings"]] == ["TARGET_LEVEL_UNKNOWN"]


def test_a_museums_own_target(cli: Cli, low: Path, tmp_path: Path) -> None:
    own = tmp_path / "kiosk.toml"
    own.write_text(OWN_TARGET)
    cli("validate", low, "--target", own, "--level", "kiosk")
    own.write_text(OWN_TARGET.replace("500_000", '"many"'))
    said = cli("validate", low, "--target", own, code=2)
    assert "kiosk.toml: line 13: level 1.max_triangles: 'many'" in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--target", "wep"), "did you mean 'web'?"),
        (("--target", "web", "--level", "lov"), "did you mean 'low'?"),
        (("--level", "low"), "add --target"),
        (("--target", "none.toml"), "there is no target file none.toml"),
    ],
)
def test_a_wrong_command_line(cli: Cli, low: Path, options: tuple[str, ...], told: str) -> None:
    said = cli("validate", low, *options, code=2)
    assert told in said.err
    assert said.out == ""


def test_models_of_a_folder_have_one_package(cli: Cli, tmp_path: Path) -> None:
    own = tmp_path / "app.toml"
    for name in ("low", "high"):
        plain_glb(tmp_path / f"{name}.glb")
    size = (tmp_path / "low.glb").stat().st_size
    own.write_text(
        f'description = "d"\n[limits]\nmax_total_bytes = {size * 3 // 2}\n[[level]]\nname = "low"\n'
    )
    said = cli("validate", tmp_path, "--target", own, code=1)
    assert said.out.count("TARGET_TOTAL_BYTES") == 1
    assert said.out.count(": ok") == 1


def test_compressed_content_is_looked_into(cli: Cli, tmp_path: Path) -> None:
    """A file that says that it is compressed and is not: the claim itself is what is wrong."""
    path = changed(
        plain_glb(tmp_path / "low.glb"),
        lambda doc: (
            doc.update(
                extensionsUsed=["EXT_meshopt_compression"],
                extensionsRequired=["EXT_meshopt_compression"],
            ),
            doc["bufferViews"][0].update(
                extensions={
                    "EXT_meshopt_compression": {
                        "buffer": 0,
                        "byteLength": 100,
                        "byteStride": 12,
                        "count": 24,
                        "mode": "ATTRIBUTES",
                    }
                }
            ),
        ),
    )
    said = cli("validate", path, "--target", "web", code=1)
    assert "cannot be decoded" in said.out


@pytest.mark.skipif(what_is_missing() is not None, reason=f"no Khronos: {what_is_missing()}")
def test_what_khronos_says_of_decoded_content_is_marked(
    cli: Cli, low: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decoder is replaced by one that gives a broken file: only then is there something."""
    from relicscan.delivery import validation

    whole = low.read_bytes()
    at = whole.index(b'"max":[') + 7
    broken = whole[:at] + b"9" + whole[at + 1 :]
    monkeypatch.setattr(validation, "is_compressed", lambda content: True)
    monkeypatch.setattr(validation, "decoded", lambda glb: broken)
    said = cli("validate", low, code=1)
    lines = said.out.splitlines()[1:]
    assert lines
    assert all(line.startswith("  Khronos error ") and ": decoded: " in line for line in lines)


class TestUsdz:
    @pytest.fixture
    def model(self, tmp_path: Path) -> Path:
        path = tmp_path / "model.usdz"
        mesh = painted(Material("paint", texture=texture("jpeg", (16, 16))))
        write_usdz(path, mesh, T_model_mesh=MM, generator="relicscan test")
        return path

    @needs_usd
    def test_a_good_one(self, cli: Cli, model: Path) -> None:
        assert cli("validate", model, "--target", "ar").out == f"{model}: ok\n"
        assert cli("validate", model).out == f"{model}: ok\n"

    @needs_usd
    def test_a_folder_holds_both_kinds(self, cli: Cli, model: Path, low: Path) -> None:
        said = cli("validate", model.parent)
        assert said.out.splitlines() == [f"{low}: ok", f"{model}: ok"]

    @needs_usd
    def test_it_is_no_file_for_browsers(self, cli: Cli, model: Path) -> None:
        said = cli("validate", model, "--target", "web", code=1)
        assert "error TARGET_FORMAT: 'web' has no USDZ files" in said.out

    def test_a_broken_one(self, cli: Cli, tmp_path: Path) -> None:
        path = zipped(tmp_path / "model.usdz", {"model.usdc": b"x" * 999}, deflate=True)
        said = cli("validate", path, "--target", "ar", code=1)
        assert "error USDZ_COMPRESSED" in said.out
        assert json.loads(cli("validate", path, "--json", code=1).out)[0]["khronos"] is None

    @needs_usd
    def test_without_usd_core_it_says_how_to_get_it(
        self, cli: Cli, model: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from relicscan.delivery import usdz

        monkeypatch.setattr(usdz, "find_spec", lambda name: None)
        said = cli("validate", model)
        assert "pxr.UsdValidation did not run" in said.out
        assert "pip install 'relicscan[usd]'" in said.out
