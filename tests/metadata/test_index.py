"""index.json: merges by id, adds up, and anchors the chain of checksums."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from relicscan.errors import OutputError
from relicscan.metadata.canonical import canonical_json, write_json_atomically
from relicscan.metadata.index import IndexEntry, merge_index, read_index
from relicscan.metadata.manifest import Reason, RelicManifest, State, Verdict, relic_manifest
from relicscan.relic import Relic


def written(
    out: Path, relic_id: str, state: State = "done", verdict: Verdict | None = "pass"
) -> IndexEntry:
    """A relic.json on the disk, and its entry."""
    manifest = relic_manifest(
        Relic(relic_id),
        state=state,
        verdict=verdict,
        reproducible=True,
        reasons=[] if verdict == "pass" else [Reason(text="because", remedy=None)],
    )
    (out / relic_id).mkdir(parents=True, exist_ok=True)
    write_json_atomically(out / relic_id / "relic.json", manifest)
    return IndexEntry.of(manifest)


def test_merges_by_id_and_sorts(tmp_path: Path) -> None:
    assert read_index(tmp_path).relics == ()
    merge_index(tmp_path, [written(tmp_path, "vase"), written(tmp_path, "cup")])
    index = merge_index(
        tmp_path,
        [written(tmp_path, "amphora", "failed", None), written(tmp_path, "cup", "done", "review")],
    )
    assert [(r.id, r.state, r.verdict) for r in index.relics] == [
        ("amphora", "failed", None),
        ("cup", "done", "review"),
        ("vase", "done", "pass"),
    ]
    assert index.states == {"done": 2, "failed": 1}
    assert index.verdicts == {"pass": 1, "review": 1}
    assert read_index(tmp_path) == index
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == [
        "index.json",
        "index.json.sha256",
    ]


def test_the_order_of_runs_does_not_matter(tmp_path: Path) -> None:
    names = ["c", "a", "b"]
    for folder, order in (("one", names), ("two", sorted(names))):
        for name in order:
            merge_index(tmp_path / folder, [written(tmp_path / folder, name)])
    assert (tmp_path / "one/index.json").read_bytes() == (tmp_path / "two/index.json").read_bytes()


def test_the_chain_of_checksums(tmp_path: Path) -> None:
    merge_index(tmp_path, [written(tmp_path, "vase")])
    index = (tmp_path / "index.json").read_bytes()
    checksum = (tmp_path / "index.json.sha256").read_bytes()
    assert checksum == f"{hashlib.sha256(index).hexdigest()}  index.json\n".encode()
    entry = json.loads(index)["relics"][0]
    manifest = (tmp_path / "vase" / "relic.json").read_bytes()
    assert entry["sha256"] == hashlib.sha256(manifest).hexdigest()
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "-c", "index.json.sha256"], cwd=tmp_path, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip


def test_what_stands_against_a_relic_and_what_to_do_about_it(manifest: RelicManifest) -> None:
    good = IndexEntry.of(manifest.model_copy(update={"verdict": "pass", "reasons": ()}))
    assert (good.reason, good.remedy) == (None, None)
    torn, full = Reason(text="torn", remedy="send it again"), Reason(text="full", remedy=None)
    failing = {"state": "rejected", "verdict": None, "reasons": (torn, full)}
    bad = IndexEntry.of(manifest.model_copy(update=failing))
    assert (bad.reason, bad.remedy) == ("torn", "send it again")
    later = good.of_earlier_run("failed", [full])
    assert (later.state, later.reason, later.remedy) == ("failed", "full", None)
    assert (later.from_earlier_run, later.sha256) == (True, good.sha256)


def test_counts(manifest: RelicManifest) -> None:
    counts = IndexEntry.of(manifest).counts
    assert counts.sources == 2
    assert counts.files == 4
    assert counts.levels == 2
    assert counts.triangles == 300_000
    assert counts.bytes == sum(file.bytes for file in manifest.delivered) > 0
    assert counts.warnings == 5


@pytest.mark.parametrize("keys", [["relics"], ["states"], ["schema_version"], ["verdicts", "pass"]])
def test_a_damaged_index_is_not_merged_into(tmp_path: Path, keys: list[str]) -> None:
    entry = written(tmp_path, "vase")
    merge_index(tmp_path, [entry])
    data = json.loads((tmp_path / "index.json").read_bytes())
    table = data
    for key in keys[:-1]:
        table = table[key]
    table[keys[-1]] = 7
    damaged = canonical_json(data)
    (tmp_path / "index.json").write_bytes(damaged)
    with pytest.raises(OutputError, match=r"index\.json"):
        merge_index(tmp_path, [written(tmp_path, "cup")])
    assert (tmp_path / "index.json").read_bytes() == damaged


def test_entries_must_be_sorted_and_single(tmp_path: Path) -> None:
    merge_index(tmp_path, [written(tmp_path, "a"), written(tmp_path, "b")])
    data = json.loads((tmp_path / "index.json").read_bytes())
    data["relics"].reverse()
    (tmp_path / "index.json").write_bytes(canonical_json(data))
    with pytest.raises(OutputError, match="sorted"):
        read_index(tmp_path)


def test_a_run_that_died_between_the_two_files_is_taken_up(tmp_path: Path) -> None:
    merge_index(tmp_path, [written(tmp_path, "a")])
    stale = (tmp_path / "index.json.sha256").read_bytes()
    merge_index(tmp_path, [written(tmp_path, "b")])
    (tmp_path / "index.json.sha256").write_bytes(stale)
    index = merge_index(tmp_path, [written(tmp_path, "c")])
    assert [entry.id for entry in index.relics] == ["a", "b", "c"]
    assert (tmp_path / "index.json.sha256").read_bytes() != stale


def test_a_changed_index_gets_no_new_checksum(tmp_path: Path) -> None:
    merge_index(tmp_path, [written(tmp_path, "a"), written(tmp_path, "b")])
    data = json.loads((tmp_path / "index.json").read_bytes())
    data["relics"][0]["sha256"] = "0" * 64
    (tmp_path / "index.json").write_bytes(canonical_json(data))
    with pytest.raises(OutputError, match=r"a/relic\.json is not the file that it lists"):
        merge_index(tmp_path, [written(tmp_path, "c")])
    # Running the relic again puts a true entry in its place.
    assert len(merge_index(tmp_path, [written(tmp_path, "a")]).relics) == 2
    shutil.rmtree(tmp_path / "b")
    (tmp_path / "index.json.sha256").unlink()
    with pytest.raises(OutputError, match=r"b/relic\.json is missing"):
        merge_index(tmp_path, [written(tmp_path, "a")])
