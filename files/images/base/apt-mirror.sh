# shellcheck shell=bash
# A root file system from the apt mirror that this machine itself is configured with. Sourced, by bash with `set -eu`.

# This machine's package sources: one line `URI SUITE COMPONENT` for each.
apt_sources() {
    command -v apt-get >/dev/null || return 0
    # shellcheck disable=SC2016 # the fields are apt's
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' | sort -u
}

# Print the value of FIELD of SUITE's Release file on the mirror URI; fail when the mirror has no such suite.
# apt's own downloader is used, since it knows the machine's proxies.
apt_release_field() {
    local uri=$1 suite=$2 field=$3 file
    file=$(mktemp)
    if timeout 60 /usr/lib/apt/apt-helper download-file "${uri}dists/$suite/Release" "$file" >/dev/null 2>&1; then
        sed -n "s/^$field: //p" "$file"
        rm -f "$file"
    else
        rm -f "$file"
        return 1
    fi
}

# Find the newest suite of the wanted kind: sets apt_uri, apt_suite and apt_components.
#   base     one whose Python is 3.11 or newer and has wheels of everything
#   machine  the newest release that labs install
apt_find_suite() {
    local kind=$1 origin suites suite
    while read -r apt_uri _ component; do
        [[ $component == main && $apt_uri != *security* ]] || continue
        origin=$(. /etc/os-release && echo "${ID_LIKE:-} $ID")
        case "$origin:$kind" in
            *ubuntu*:base) suites="noble resolute" apt_components="main universe" ;;
            *ubuntu*:machine) suites="resolute noble jammy" apt_components="main universe" ;;
            *:base) suites="bookworm stable" apt_components="main" ;;
            *) suites="stable" apt_components="main" ;;
        esac
        for suite in $suites; do
            apt_suite=$(apt_release_field "$apt_uri" "$suite" Codename) && [[ -n $apt_suite ]] && return 0
        done
    done < <(apt_sources)
    return 1
}

# Print the sources.list lines of the suite found: the release, its updates and its security fixes where the machine has any.
apt_sources_list() {
    local security
    security=$(apt_sources | awk '$2 ~ /-security$/ {print $1; exit}')
    echo "deb $apt_uri $apt_suite $apt_components"
    echo "deb $apt_uri $apt_suite-updates $apt_components"
    [[ -z $security ]] || echo "deb $security $apt_suite-security $apt_components"
}

# Run a command as root: directly, or by sudo, which may ask for a password where there is a terminal.
as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    elif { : >/dev/tty; } 2>/dev/null; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

# Install apt packages that are missing, saying so; fail where nobody may.
apt_install() {
    if ! command -v apt-get >/dev/null || ! as_root true 2>/dev/null; then
        echo "Install the package(s) $* first: this needs root or sudo on an apt system." >&2
        return 1
    fi
    local lock
    exec {lock}>"${TMPDIR:-/tmp}/livemon-apt-$(id -u).lock"
    flock --timeout 900 "$lock"
    echo "Installing $* by apt"
    as_root timeout 300 apt-get -qq update || echo "apt-get update failed; trying with the package lists at hand" >&2
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l timeout 900 \
        apt-get -qq -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "$@" >/dev/null
    exec {lock}>&-
}

# Import a minimal system of the suite found as the image TAG. Further arguments go to mmdebstrap.
apt_import_image() (
    local tag=$1 archive option as=
    local -a options=()
    shift
    command -v mmdebstrap >/dev/null || apt_install mmdebstrap
    while read -r option; do
        options+=(--aptopt "$option")
    done < <(apt-config dump | grep -E '^Acquire::(https?::.*Proxy|Check-)')
    # Without root's power it depends on the kernel's settings whether a file system can be made.
    ! as_root true 2>/dev/null || as=as_root
    archive=$(mktemp --suffix .tar)
    # shellcheck disable=SC2064 # the name as it is now
    trap "rm -f '$archive'" EXIT
    apt_sources_list | $as timeout 900 mmdebstrap --quiet --skip=cleanup/reproducible \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        "${options[@]}" "$@" "$apt_suite" - - >"$archive"
    timeout 300 docker import "$archive" "$tag" >/dev/null
)
