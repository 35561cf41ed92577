# shellcheck shell=bash
# What the scripts of lab/ share: places, messages, timed steps. Sourced, by bash with `set -euo pipefail`.
# shellcheck disable=SC2034 # used by the scripts that source this

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/livemon  # survives a fresh clone: images, their archives, the SSH key
state=$root/.cache/lab                         # of this checkout: its machines, tunnels, logs
mkdir -p "$cache" "$state"

# shellcheck source=files/images/base/apt-mirror.sh
source "$root/files/images/base/apt-mirror.sh"

say() {
    printf '%s\n' "== $*"
}

fail() {
    printf '%s\n' "${0##*/}: $*" >&2
    exit 1
}

# step TITLE COMMAND...: run a command between two lines that say what it is and how long it took.
step() {
    local title=$1 started=$SECONDS
    shift
    say "$title"
    if "$@"; then
        say "$title: done in $((SECONDS - started)) s"
    else
        say "$title: FAILED after $((SECONDS - started)) s"
        return 1
    fi
}

# together NAME COMMAND NAME COMMAND ...: run shell commands side by side, each line of output headed by its NAME; fail when
# one of them failed, after all have ended. Each is a process group of its own, so that end_together ends all that it started.
together() {
    local name failed=0
    set -m
    while (($#)); do
        (set -o pipefail && bash -c "$2" </dev/null 2>&1 | sed -u "s/^/   $1 | /") &
        children[$1]=$!
        shift 2
    done
    set +m
    for name in "${!children[@]}"; do
        wait "${children[$name]}" || { say "$name failed" && failed=1; }
        unset "children[$name]"
    done
    return "$failed"
}
declare -A children=()  # what `together` runs: the process group by its name

# For a trap: what `together` started and did not see end.
end_together() {
    local name
    for name in "${!children[@]}"; do
        kill -TERM -- "-${children[$name]}" 2>/dev/null || true
    done
}

# wait_until SECONDS WHAT COMMAND...: repeat a command until it succeeds; fail after SECONDS, saying what was waited for.
wait_until() {
    local deadline=$((SECONDS + $1)) seconds=$1 what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || { echo "waited $seconds s for $what" >&2 && return 1; }
        sleep 0.5
    done
}

# The CA certificates that were added to this machine, as options for build.sh.
local_authorities() {
    local file
    for file in /usr/local/share/ca-certificates/*.crt; do
        [[ ! -r $file ]] || printf '%s\0' --ca "$file"
    done
}
