#!/bin/sh
# Sets up a checkout from nothing: a virtual environment with relicscan in it, the
# system libraries that Open3D links to, the Khronos glTF validator, and for the tests a
# Chromium and the engines that show models in it.
#
#   sh tools/setup.sh           everything; `make` runs it when .venv/.ready is out of date
#   sh tools/setup.sh system    only the Debian packages, for root; the rest then needs no root
#   sh tools/setup.sh viewer    only the scripts of published sites; `make` runs it when they changed
#
# PYTHON=python3.12 sh tools/setup.sh takes that interpreter. What pip, apt-get and npm
# say goes to build/setup.log; when one of them fails, its last lines are shown.
set -eu
cd "$(dirname "$0")/.."

# What Open3D's libOpen3D.so and pybind.so name as needed and a bare Debian lacks, found
# with ldd over every .so of the environment in a minimal bookworm. No other wheel of ours
# needs anything. libudev1 and libidn2-0 are usually there already, with apt and git.
#   libusb-1.0-0  RealSense cameras       libudev1    the same, to find them
#   libgl1        the viewer, OpenGL      libegl1     rendering without a display
#   libx11-6      the viewer's window     libidn2-0   host names, for its downloads
# Open3D links them all at import, so they must be there although none of them is used.
open3d_packages="libegl1 libgl1 libidn2-0 libudev1 libusb-1.0-0 libx11-6"

# relicscan/delivery runs it on every GLB that is written.
validator=gltf-validator@2.0.0-dev.3.10
validator_folder=relicscan/vendor

# What pages of published sites run, bundled from these packages and our own sources.
viewer=relicscan/site/viewer
viewer_folder=build/viewer
bundles=relicscan/vendor/site

# tests/engines looks at models in these; nothing of them ships.
engines=tests/engines/package.json
engines_folder=build/engines

# The published validator of RO-Crates, for the tests, in an environment of its own: it asks
# for a rich that is older than ours.
crate_validator='roc-validator==0.13.*'
crate_folder=build/crate-validator

begin() { printf '  %-12s %s ... ' "$1" "$2"; }
done_with() { echo "${1:-done}"; }
note() { printf '  %-12s %s\n' "$1" "$2"; }
stop() {
    printf '\nset-up stopped: %s\n' "$1" >&2
    shift
    for line; do printf '  %s\n' "$line" >&2; done
    exit 1
}
failed() {
    echo failed
    tail -n 15 "$log" >&2
    stop "$1" "The whole log is in $log."
}

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }
apt_install() {
    # A fresh machine or container has no package lists yet. Without a network the
    # packages may still lie in apt's cache, so only the install itself decides.
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -q update >>"$log" 2>&1 || true
    # shellcheck disable=SC2086  # a list of packages is meant to be split
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -q install -y \
        --no-install-recommends $1 >>"$log" 2>&1
}
by_hand() { echo "sudo apt-get update && sudo apt-get install -y --no-install-recommends $1"; }

# A pyenv shim is on the PATH and still fails, so every candidate is run. `python3` comes
# first: it is what the user gets by that name.
find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        "$candidate" -c 'import sys; print(sys.executable)'
        return
    done
}
version_of() { "$1" -c 'import platform; print(platform.python_version())'; }

set_up_environment() {
    if [ -n "$venv_python" ] && "$venv_python" -m pip --version >>"$log" 2>&1; then
        note environment ".venv, Python $(version_of "$venv_python")"
        return
    fi
    python=$(find_python)
    [ -n "$python" ] || stop "there is no Python 3.11 or newer called ${PYTHON:-python3}." \
        "Debian 12 and later:  $(by_hand "python3 python3-venv")" \
        "Elsewhere: install it, or name it: make PYTHON=/path/to/python3.12 demo"
    # Debian keeps what `venv` needs in a package of its own.
    if ! "$python" -c 'import ensurepip, venv' 2>>"$log"; then
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        if can_install; then
            begin system "$package"
            apt_install "$package" || failed "apt-get could not install $package."
            done_with installed
        else
            stop "$python cannot make virtual environments." \
                "Debian, with all that follows:  $(by_hand "$package $open3d_packages nodejs npm")"
        fi
    fi
    begin environment ".venv, Python $(version_of "$python")"
    rm -rf .venv
    "$python" -m venv .venv >>"$log" 2>&1 || failed "$python could not make .venv."
    find_venv_python
    done_with
}
find_venv_python() {
    venv_python=
    for path in .venv/bin/python .venv/Scripts/python.exe; do
        if [ -x "$path" ] && "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>>"$log"
        then venv_python=$path; fi
    done
}

install_packages() {
    begin packages "relicscan and what it stands on, half a gigabyte to fetch on the first run"
    "$venv_python" -m pip install --disable-pip-version-check --no-input \
        --editable ".[dev]" >>"$log" 2>&1 || failed "pip could not install the packages."
    done_with
}

import_open3d() { "$venv_python" -c 'import open3d' >>"$log" 2>&1; }
check_open3d() {
    begin Open3D "its import"
    if import_open3d; then done_with; return; fi
    missing=$(tail -n 1 "$log")
    done_with "$missing"
    can_install || stop "Open3D does not load: $missing" \
        "Debian and Ubuntu:  $(by_hand "$open3d_packages")" \
        "Elsewhere: the packages that hold libEGL, libGL, libX11, libusb-1.0, libudev and libidn2."
    begin system "$open3d_packages"
    apt_install "$open3d_packages" || failed "apt-get could not install Open3D's libraries."
    done_with installed
    import_open3d || failed "Open3D still does not load."
}

install_validator() {
    if ! command -v npm >/dev/null 2>&1; then
        if can_install; then
            begin system "nodejs npm"
            apt_install "nodejs npm" || failed "apt-get could not install nodejs and npm."
            done_with installed
        else
            note validator "skipped: there is no npm, so models are not checked with the Khronos validator"
            note "" "to have it:  $(by_hand "nodejs npm") && sh tools/setup.sh"
            return
        fi
    fi
    begin validator "$validator"
    npm install --prefix "$validator_folder" --no-save --no-audit --no-fund --loglevel=error \
        "$validator" >>"$log" 2>&1 || failed "npm could not install $validator."
    done_with
}

install_viewer() {
    mkdir -p "$viewer_folder"
    if ! command -v npm >/dev/null 2>&1; then
        note viewer "skipped: there is no npm, and without the viewer 'publish' cannot work"
        note "" "to have it:  $(by_hand "nodejs npm") && sh tools/setup.sh"
        touch "$viewer_folder/.bundled"
        return
    fi
    begin viewer "$(sed -n 's/^ *"three": "\(.*\)".*/three \1/p' "$viewer/package.json")"
    if ! cmp -s "$viewer/package.json" "$viewer_folder/package.json" ||
        [ ! -d "$viewer_folder/node_modules" ]
    then
        cp "$viewer/package.json" "$viewer_folder/package.json"
        npm install --prefix "$viewer_folder" --ignore-scripts --no-package-lock --no-audit --no-fund \
            --loglevel=error >>"$log" 2>&1 || {
            rm "$viewer_folder/package.json"
            failed "npm could not install what the viewer is made of."
        }
    fi
    node "$viewer/build.mjs" "$viewer_folder" "$bundles" >>"$log" 2>&1 ||
        failed "the viewer could not be bundled."
    touch "$viewer_folder/.bundled"
    done_with
}

# The tests' own, so that a machine without them is set up all the same. Chromium draws in
# software and needs none of what Debian recommends with it.
find_chromium() {
    for name in "${RELICSCAN_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable
    do
        if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then return; fi
    done
    return 1
}
skip_engines() {
    note engines "skipped: $1, so tests do not look at models in real engines"
    note "" "to have it:  $2"
}
install_chromium() {
    begin system "chromium"
    if apt_install chromium; then done_with installed; else done_with failed; fi
}
install_engines() {
    if ! command -v npm >/dev/null 2>&1; then
        skip_engines "there is no npm" "$(by_hand "nodejs npm") && sh tools/setup.sh"
        return
    fi
    find_chromium || ! can_install || install_chromium
    find_chromium || skip_engines "there is no Chromium" "$(by_hand chromium)"
    begin engines "$engines"
    mkdir -p "$engines_folder"
    cp "$engines" "$engines_folder/package.json"
    # model-viewer has another three in its bundle than the one that lies beside it here.
    if npm install --prefix "$engines_folder" --legacy-peer-deps --ignore-scripts \
        --no-package-lock --no-audit --no-fund --loglevel=error >>"$log" 2>&1
    then done_with; else
        done_with failed
        skip_engines "npm could not install them" "sh tools/setup.sh, with a network"
    fi
}

install_crate_validator() {
    begin crates "$crate_validator"
    if "$venv_python" -m venv "$crate_folder" >>"$log" 2>&1 &&
        "$crate_folder"/bin/python -m pip install --disable-pip-version-check --no-input \
            "$crate_validator" >>"$log" 2>&1
    then done_with; else
        done_with failed
        note crates "skipped: tests do not check RO-Crates with their published validator"
    fi
}

# The loops that numba compiles take a minute, once: here and not in the first relic's time.
compile_loops() {
    begin loops "compiled once, by running a sample"
    scratch=$(mktemp -d)
    "$venv_python" -m relicscan run samples/ding-bronze -o "$scratch" -q --cache 0 \
        >>"$log" 2>&1 || failed "a sample could not be run."
    rm -rf "$scratch"
    done_with
}

case ${1:-everything} in
    system)
        log=$(mktemp) # what root writes into the checkout, its owner could not write again
        packages="python3-venv $open3d_packages"
        command -v npm >/dev/null 2>&1 || packages="$packages nodejs npm"
        can_install || stop "this needs root and apt-get." "By hand:  $(by_hand "$packages")"
        begin system "$packages"
        apt_install "$packages" || failed "apt-get could not install the packages."
        done_with installed
        find_chromium || install_chromium
        rm -f "$log"
        ;;
    everything)
        mkdir -p build
        log=$PWD/build/setup.log
        : >"$log"
        echo "Setting up relicscan (once; again when pyproject.toml changes):"
        find_venv_python
        set_up_environment
        install_packages
        check_open3d
        install_validator
        install_viewer
        install_engines
        install_crate_validator
        compile_loops
        touch .venv/.ready
        ;;
    viewer)
        mkdir -p build
        log=$PWD/build/viewer.log
        : >"$log"
        install_viewer
        ;;
    *)
        stop "there is no '$1'." "sh tools/setup.sh  or  sh tools/setup.sh system  or  sh tools/setup.sh viewer"
        ;;
esac
