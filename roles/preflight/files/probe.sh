#!/bin/sh
# Describe the machine, in sections for plugins/plugin_utils/host/report.py. Changes nothing; needs neither Python nor any of the
# programs it asks: what is not there answers as the shell does, with 127.
#   probe.sh NOW PYTHON DATA PACKAGES IMAGES ARCHIVES NAMES DIRECTORIES AGENT_DIRECTORIES AGENT_UID
# NOW is the controller's clock, PYTHON the interpreter that Ansible is told to use, DATA the directory of the archive, AGENT_UID the uid
# of the agents; the others are lists of words.
now=$1 python=${2:-/usr/bin/python3} data=$3 packages=$4 images=$5 archives=$6 names=$7 directories=$8 agent_directories=$9
agent_uid=${10}
export LC_ALL=C DOCKER_CLI_HINTS=false
PATH=$PATH:/usr/sbin:/sbin:/snap/bin

section() {
    name=$1
    shift
    output=$("$@" 2>&1 </dev/null)
    printf '@livemon %s %s\n%s\n' "$name" "$?" "$output"
}

# A part of it may be made by this very run.
existing() {
    path=$1
    until [ -e "$path" ]; do path=$(dirname "$path"); done
    echo "$path"
}

free() {
    df -Pk "$(existing "$1")"
}

is_image() { timeout 20 docker image inspect "$1"; }
is_directory() { [ -d "$1" ]; }
is_archive() { [ -r "$1" ]; }
is_resolved() { timeout 10 getent ahosts "$1"; }
is_active() { systemctl is-active --quiet "$1"; }

# Those of the words of which the first argument is true.
those() {
    for word in $2; do
        ! "$1" "$word" >/dev/null 2>&1 || echo "$word"
    done
}

# Run a command in the current directory as an agent in its container, where the directories above it do not matter.
as_agent() {
    chroot --userspec="$agent_uid:$agent_uid" --groups= --skip-chdir / timeout 20 "$@"
}

# For each directory: what it is, where symbolic links lead, and what is in the way of an agent; the first file suffices.
agent_directories() {
    for directory in $1; do
        if ! cd "$directory" 2>/dev/null; then
            echo "missing $directory"
            continue
        fi
        printf 'real %s %s\n' "$directory" "$(pwd -P)"
        as_agent find . '(' ! -readable -o -type d ! -executable ')' -printf "unreadable $directory %P\n" -quit 2>/dev/null
        as_agent test -w . || echo "unwritable $directory"
    done
}

# Who holds apt's and dpkg's locks, and for how many seconds it has been running.
lock_holders() {
    for lock in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock; do
        [ -e "$lock" ] || continue
        holder=$(awk -v inode="$(stat -c %i "$lock")" '{ split($6, place, ":") } place[3] == inode { print $5; exit }' /proc/locks)
        [ -z "$holder" ] || ps -o pid=,etimes=,comm= -p "$holder"
    done
}

interrupted() {
    dpkg --audit
    find /var/lib/dpkg/updates -type f
}

source_lines() {
    grep -nHE '^[[:space:]]*(deb(-src)?[[:space:]]|URIs:)' /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources \
        2>/dev/null
}

# Lines about Docker's chain, and where a block of livemon's begins and ends: by a widely copied recipe each `ufw reload` empties that chain.
docker_rules() {
    grep -H -E '^(# (BEGIN|END) livemon:|:DOCKER-USER)' "$@" 2>/dev/null
}

networks() {
    found=$(timeout 20 docker network ls --quiet) || return
    echo "$found" | xargs --no-run-if-empty timeout 20 docker network inspect --format \
        '{{.Name}} {{slice .Id 0 12}} {{range .IPAM.Config}}{{.Subnet}} {{end}}'
}

pip_index() {
    if [ -n "${PIP_INDEX_URL:-}" ]; then
        echo "$PIP_INDEX_URL"
    else
        timeout 20 python3 -m pip config get global.index-url ||
            sed -n 's/^[[:space:]]*index-url[[:space:]]*=[[:space:]]*//p' /etc/pip.conf
    fi
}

section clock echo "$now" "$(date +%s)"
section os cat /etc/os-release
section machine uname -m
section init cat /proc/1/comm
section python "$python" --version
section memory grep MemTotal /proc/meminfo
section listeners ss -Hltnp
section udp_listeners ss -Hlunp
section program readlink -f "$(command -v docker)"
section client timeout 20 docker --version
section engine timeout 20 docker version --format '{{.Server.Version}}'
section compose timeout 20 docker compose version --short
section info timeout 20 docker info --format \
    '{"root": {{json .DockerRootDir}}, "security": {{json .SecurityOptions}}, "registries": {{json .RegistryConfig}},
      "http": {{json .HTTPProxy}}, "https": {{json .HTTPSProxy}}, "none": {{json .NoProxy}}}'
section containers timeout 20 docker ps --all --format '{{.Names}}	{{.Label "com.docker.compose.project.working_dir"}}	{{.Ports}}'
section networks networks
section routes ip -4 route show
section images those is_image "$images"
section archives those is_archive "$archives"
section disk free "$(timeout 20 docker info --format '{{.DockerRootDir}}' 2>/dev/null || echo /var/lib/docker)"
section data_disk free "$data"
section data ls -d "$data"
# shellcheck disable=SC2016,SC2086 # the fields are dpkg's; a list of words
section packages dpkg-query --show --showformat '${Package} ${Status} ${Version}\n' $packages \
    docker.io docker-cli docker-ce docker-ce-cli containerd containerd.io podman-docker python3-apt ntp ntpsec openntpd
section interrupted interrupted
section locks lock_holders
section sources source_lines
section update timeout 30 apt-get --print-uris update
section firewalls those is_active 'firewalld nftables netfilter-persistent'
section docker_rules docker_rules /etc/ufw/before.rules /etc/ufw/after.rules
section directories those is_directory "$directories"
section agent_directories agent_directories "$agent_directories"
section names those is_resolved "$names"
section pip pip_index
section npm timeout 20 npm config get registry
