#!/bin/bash
# Install the key that a package repository is signed with, if it is the one that is expected.
#   repository-key.sh ADDRESS FINGERPRINT KEYRING
# Prints "is new" if the keyring changed; exits with 3, and prints why, if the key cannot be used.
# apt's own downloader fetches it: it knows the proxies and the CA certificates of the host. It is fetched every time, because a key
# whose time is extended keeps its fingerprint; where that fails, an expected key that is installed stays.
set -euo pipefail
address=$1 fingerprint=$2 keyring=$3

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT

refuse() {
    echo "$*"
    exit 3
}

in_keyring() {
    gpg --batch --quiet --homedir "$work" --no-autostart "$@"
}

primary_fingerprints() {
    in_keyring --with-colons "$@" 2>/dev/null |
        awk -F: '$1 == "pub" {primary = 1} $1 == "fpr" && primary {print $10; primary = 0}' | paste -sd ' '
}

if ! /usr/lib/apt/apt-helper download-file "$address" "$work/key" >"$work/log" 2>&1; then
    [[ ! -e $keyring || $(primary_fingerprints --show-keys "$keyring") != "$fingerprint" ]] || exit 0
    refuse "cannot be downloaded: $(grep '^E:' "$work/log" | head -n 1)"
fi
in_keyring --import "$work/key" 2>"$work/log" || refuse "is not an OpenPGP key"
found=$(primary_fingerprints --list-keys)
[[ $found == "$fingerprint" ]] || refuse "has the fingerprint $found"
in_keyring --export >"$work/keyring"
if ! cmp --silent "$work/keyring" "$keyring"; then
    install --owner root --group root --mode 0644 "$work/keyring" "$keyring"
    echo "is new"
fi
