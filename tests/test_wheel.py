"""The wheel as a museum would install it: everything in it that is needed, and nothing else.

An editable install does not see what the wheel force-includes, so only a built and
installed wheel shows whether pipelines and bundles are found where they lie there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

import relicscan

ROOT = Path(__file__).resolve().parents[1]
PIPELINES = sorted(path.name for path in (ROOT / "pipelines").glob("*.toml"))
PACKAGE = ROOT / "relicscan"
VENDOR = PACKAGE / "vendor"


def _run(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command that must succeed, without this checkout on its path."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment | {"NO_COLOR": "1", "COLUMNS": "120"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that was built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of a clean environment in which the wheel is installed.

    The packages it depends on are borrowed from this one, half a gigabyte less to fetch: the
    path file puts them behind the new environment's own, and path files among them, such
    as an editable relicscan's, are not followed.
    """
    folder = tmp_path_factory.mktemp("clean")
    _run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python"]
    _run(*pip, scripts / "python", "install", "--no-deps", "--no-index", wheel, cwd=folder)
    purelib = _run(
        scripts / "python",
        "-c",
        "import sysconfig; print(sysconfig.get_path('purelib'))",
        cwd=folder,
    )
    borrowed = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    (Path(purelib.strip()) / "borrowed.pth").write_text("\n".join(borrowed) + "\n", "utf-8")
    return scripts


def test_the_wheel_holds_what_it_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert PIPELINES, "pipelines/ is empty"
    wanted = {f"relicscan/pipelines/{name}" for name in PIPELINES}
    wanted |= {"relicscan/py.typed", "relicscan/delivery/gltf_validator.mjs"}
    wanted |= {path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("templates/*.*")}
    assert wanted <= names, f"missing: {sorted(wanted - names)}"
    modules = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*.py")
        if VENDOR not in path.parents
    }
    assert modules <= names, f"missing: {sorted(modules - names)}"


def test_the_wheel_holds_the_bundles_of_the_set_up(wheel: Path) -> None:
    if not VENDOR.is_dir():
        pytest.skip("nothing in relicscan/vendor: set-up found no npm")
    bundled = {path.relative_to(ROOT).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    names = set(zipfile.ZipFile(wheel).namelist())
    assert bundled <= names, f"missing: {sorted(bundled - names)}"


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    dist_info = f"relicscan-{relicscan.__version__}.dist-info/"
    for name in zipfile.ZipFile(wheel).namelist():
        assert name.startswith(("relicscan/", dist_info)), f"{name} does not belong in the wheel"
        assert not re.search(r"__pycache__|\.pyc$", name), f"{name} does not belong in the wheel"


def test_the_sdist_can_be_tested_and_used(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"Makefile", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"}
    wanted |= {"tools/setup.sh", "samples/__init__.py", "tests/conftest.py", "pyproject.toml"}
    wanted |= {f"pipelines/{name}" for name in PIPELINES}
    assert wanted <= names, f"missing: {sorted(wanted - names)}"


def test_the_installed_package_is_the_wheel(environment: Path) -> None:
    where = _run(
        environment / "python", "-c", "import relicscan; print(relicscan.__file__)", cwd=environment
    )
    assert Path(where.strip()).is_relative_to(environment.parent)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--version"], relicscan.__version__),
        (["stages"], "decimate"),
        (["check", "web"], "web"),
    ],
    ids=["version", "stages", "check"],
)
def test_the_installed_command_works(environment: Path, arguments: list[str], said: str) -> None:
    assert said in _run(environment / "relicscan", *arguments, cwd=environment)


def test_every_shipped_pipeline_checks_out(environment: Path) -> None:
    for name in PIPELINES:
        _run(environment / "relicscan", "check", Path(name).stem, cwd=environment)
