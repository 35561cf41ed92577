#!/usr/bin/env bash
# Build livemon's images on this machine's Docker engine. See --help.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=files/images/base/apt-mirror.sh
source "$here/base/apt-mirror.sh"

registry_image=python:3.11-slim-bookworm
registry_patience=30  # seconds without an answer

usage() {
    cat <<'HELP'
build.sh [--base auto|apt|REF] [--ca FILE]... [--archive DIR] [--rebuild SUFFIX] [--environment FILE] [--log FILE] [IMAGE...]

Builds the images IMAGE (router, app; default: both) on this machine's Docker engine, under the tags that tags.py
prints. Existing images are left alone. agents/TAG stands for the image livemon/agent:TAG, the application's with the packages
of agents/TAG/packages.txt, below the project's root: from agents/TAG/wheels if that exists, else from pip's index.

  --base auto    base image from the image registry, from the apt mirror when the registry does not answer (default)
  --base apt     base image from this machine's apt mirror, by mmdebstrap
  --base REF     base image REF: Python 3.11 or newer with venv, and ca-certificates
  --ca FILE      a CA certificate (PEM, one per file) that signed the package indexes' certificates; it is used
                 while building and is not in the images
  --archive DIR  load a missing image from DIR/<name>-<tag>.tar if that exists, otherwise build it and save it
                 there; the two newest archives of an image are kept
  --rebuild SUFFIX
                 build images even if they exist, without a cache, and append -SUFFIX to their tags
  --environment FILE
                 read environment variables such as proxies from FILE, one NAME=value per line
  --log FILE     write the output to FILE, too

pip's and npm's indexes and the proxies are those of this machine's configuration (PIP_INDEX_URL, pip.conf,
NPM_CONFIG_REGISTRY, .npmrc, HTTP_PROXY ...). Builds from the project's root, or from an archive made by tags.py --archive.
HELP
}

fail() {
    echo "build.sh: $1" >&2
    exit 1
}

# Export the variables of a file as they are written there: a password in them may have any character.
read_environment() {
    local line
    [[ -r $1 ]] || fail "cannot read the environment $1"
    while IFS= read -r line || [[ -n $line ]]; do
        [[ ! $line =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || export "${line?}"
    done <"$1"
}

base=auto
archive=
suffix=
log=
authorities=()
images=()
while (($#)); do
    case $1 in
        --help | -h) usage && exit ;;
        --base | --ca | --archive | --rebuild | --environment | --log)
            [[ -n ${2:-} ]] || fail "$1 needs a value; see build.sh --help"
            case $1 in
                --base) base=$2 ;;
                --archive) archive=$2 ;;
                --rebuild) suffix=$2 ;;
                --environment) read_environment "$2" ;;
                --log) log=$2 ;;
                --ca)
                    [[ -r $2 ]] || fail "cannot read the CA certificate $2"
                    authorities+=("$2")
                    ;;
            esac
            shift 2
            ;;
        router | app | agents/*) images+=("$1") && shift ;;
        *) fail "unknown argument $1; see build.sh --help" ;;
    esac
done
((${#images[@]})) || images=(router app)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$here/tags.py" --base "$base" >"$work/tags.json"

tag_of() {
    [[ $1 != agents/* ]] || { echo "livemon/agent:${1#*/}" && return; }
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/tags.json" "$1"
}

exists() {
    docker image inspect "$1" >/dev/null 2>&1
}

# Where an image's archive lies: livemon/app:123 -> DIR/app-123.tar
archive_of() {
    local name=${1#*/}
    echo "$archive/${name/:/-}.tar"
}

# Pull a reference; give up when the registry has not answered within its patience.
pull() {
    local log=$work/pull.log child waited=0
    timeout 900 docker pull "$1" >"$log" 2>&1 &
    child=$!
    while kill -0 "$child" 2>/dev/null; do
        if ((waited >= registry_patience)) && ! grep -q ': Pulling from' "$log"; then
            kill "$child" 2>/dev/null || true
            break
        fi
        sleep 1
        ((++waited))
    done
    wait "$child" 2>/dev/null
}

base_from_apt() {
    apt_find_suite base || fail "no apt mirror with Python 3.11 or newer is configured here; name a base image by --base REF"
    echo "[base] bootstrapping $apt_suite from the apt mirror"
    apt_import_image "$1" --variant=essential --include=python3,python3-venv,ca-certificates,libstdc++6
}

build_base() {
    local tag=$1 origin name digest
    case $base in
        auto)
            echo "[base] asking the image registry for $registry_image"
            if pull "$registry_image"; then
                origin=$registry_image
            else
                echo "[base] the image registry does not answer: $(tail -n 1 "$work/pull.log" | cut -c -160)"
                origin=$tag-origin
                base_from_apt "$origin"
            fi
            ;;
        apt) origin=$tag-origin && base_from_apt "$origin" ;;
        *)
            origin=$base
            exists "$origin" || pull "$origin" || fail "cannot pull the base image $origin: $(tail -n 1 "$work/pull.log")"
            ;;
    esac
    name=$origin
    [[ $origin != "$tag-origin" ]] || name=$apt_suite-by-apt
    digest=$(docker image inspect --format '{{join .RepoDigests " "}}' "$origin" | grep -oE 'sha256:[0-9a-f]+' | head -n 1 || true)
    # The images that stand on it inherit its labels.
    run_build base "$tag" --build-arg "ORIGIN=$origin" --build-arg "NAME=${name%@*}${digest:+@$digest}" \
        --label "org.opencontainers.image.base.name=${name%@*}" ${digest:+--label "org.opencontainers.image.base.digest=$digest"}
}

# The build arguments that come from this machine's configuration. A package index in a local file is of no use in a build.
machine_build_args() {
    local index extra registry
    index=${PIP_INDEX_URL:-$(python3 -m pip config get global.index-url 2>/dev/null || true)}
    extra=${PIP_EXTRA_INDEX_URL:-$(python3 -m pip config get global.extra-index-url 2>/dev/null || true)}
    registry=${NPM_CONFIG_REGISTRY:-$(npm config get registry 2>/dev/null || true)}
    extra=$(tr -s '[:space:]' '\n' <<<"$extra" | { grep -E '^https?://' || true; } | paste -sd ' ')
    for pair in "PIP_INDEX_URL=$index" "PIP_EXTRA_INDEX_URL=$extra" "NPM_CONFIG_REGISTRY=$registry"; do
        [[ $pair != *=http* ]] || printf '%s\0' --build-arg "$pair"
    done
    for name in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy; do
        [[ -z ${!name:-} ]] || printf '%s\0' --build-arg "$name"
    done
}

files_of() {
    if [[ $1 == agents/* ]]; then
        (cd "$root" && find files/images/agent requirements/app.txt "$1" -type f)
    else
        python3 "$here/tags.py" --files "$1"
    fi
}

# Run docker build on exactly the files of an image; progress goes to the terminal, all output to a log shown on failure.
run_build() {
    local image=$1 tag=$2 context=$work/$1 log=$work/$1.log started=$SECONDS recipe=${1/agents\/*/agent}
    shift 2
    mkdir -p "$context/ca"
    # An empty CA directory could not be copied.
    : >"$context/ca/README"
    local number=0
    for authority in "${authorities[@]}"; do
        cp "$authority" "$context/ca/livemon-$((++number)).crt"
    done
    files_of "$image" | tar -C "$root" --create --files-from - | tar -C "$context" --extract
    if ! BUILDKIT_PROGRESS=plain timeout 1500 docker build --tag "$tag${suffix:+-$suffix}" ${suffix:+--no-cache} --file "$context/files/images/$recipe/Dockerfile" \
        "$@" "$context" 2>&1 | tee "$log" | sed -nuE "s,^(Step .*|#[0-9]+ \[.*|Collecting .*|Successfully .*),[$image] \1,p" | cut -c -150; then
        tail -n 40 "$log" >&2
        fail "building the image $image failed; the end of its output is above"
    fi
    echo "[$image] $tag${suffix:+-$suffix} built in $((SECONDS - started)) s"
}

make_image() {
    local image=$1 tag arguments=()
    tag=$(tag_of "$image")
    mapfile -d '' -t arguments < <(machine_build_args)
    # Not the commit: two that have the same files have the same image.
    run_build "$image" "$tag" --build-arg "BASE=$(tag_of base)" --build-arg "APP=$(tag_of app)" --build-arg "REVISION=${tag#*:}" "${arguments[@]}" \
        --label "org.opencontainers.image.title=livemon ${image%/*}" --label "org.opencontainers.image.revision=${tag#*:}" \
        --label "org.opencontainers.image.version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/pyproject.toml")"
    [[ -n $suffix ]] || save "$image" "$tag"
}

save() {
    local image=$1 tag=$2 file old
    [[ -n $archive ]] || return 0
    file=$(archive_of "$tag")
    [[ ! -e $file ]] || return 0
    echo "[$image] saving $file"
    timeout 600 docker save --output "$file.part" "$tag"
    mv "$file.part" "$file"
    find "$archive" -name "$image-*.tar" -printf '%T@ %p\n' | sort -rn | tail -n +3 | cut -d ' ' -f 2- |
        while read -r old; do rm -f "$old"; done
}

# Build images side by side; fail when one of them failed, after all have ended.
make_images() {
    local children=() image child failed=0
    for image in "$@"; do
        make_image "$image" &
        children+=($!)
    done
    for child in "${children[@]}"; do
        wait "$child" || failed=1
    done
    return "$failed"
}

main() {
    docker info >/dev/null 2>&1 || fail "no Docker engine answers: start one, or add this user to the group docker"
    if [[ -n $archive ]]; then
        mkdir -p "$archive"
        # One build at a time fills the archive.
        exec 9>"$archive/.lock"
        flock --timeout 1800 9 || fail "another build has held $archive/.lock for half an hour"
    fi

    missing=()
    for image in "${images[@]}"; do
        tag=$(tag_of "$image")
        if [[ -n $suffix ]]; then
            missing+=("$image")
        elif exists "$tag"; then
            echo "[$image] $tag exists"
            save "$image" "$tag"
        elif [[ -n $archive && -e $(archive_of "$tag") ]]; then
            echo "[$image] loading $(archive_of "$tag")"
            timeout 600 docker load --quiet --input "$(archive_of "$tag")" >/dev/null
        else
            missing+=("$image")
        fi
    done
    local first=() agents=()
    for image in "${missing[@]}"; do
        if [[ $image == agents/* ]]; then agents+=("$image"); else first+=("$image"); fi
    done
    if ((${#first[@]})); then
        base_tag=$(tag_of base)
        exists "$base_tag" || suffix="" build_base "$base_tag"
        make_images "${first[@]}"
    fi
    # They stand on the application's.
    make_images "${agents[@]}"
}

if [[ -n $log ]]; then
    main 2>&1 | tee "$log"
else
    main
fi
