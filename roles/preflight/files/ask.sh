#!/bin/sh
# Ask addresses elsewhere, all at once, by apt's own downloader: it is on every machine that livemon runs on, and knows proxies and
# authorities. Prints sections for plugins/plugin_utils/host/report.py, the number of an address as their name.
#   ask.sh SECONDS <QUESTIONS
# SECONDS without an answer are too long. Questions are lines with an address, a tab, and a proxy: DIRECT, "apt" for that of apt's
# configuration, or nothing for that of the environment. An empty line and CA certificates (PEM) that are trusted, too, follow.
# They come on standard input, because a proxy's password must not be in a list of processes.
umask 077
export LC_ALL=C
timeout=$1
tab=$(printf '\t')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ask() {
    number=$1 address=$2 proxy=$3
    : "${proxy:=${https_proxy:-${HTTPS_PROXY:-DIRECT}}}"
    {
        printf '%s\n' 'APT::Sandbox::User "root";' 'Acquire::Retries "0";' 'Acquire::EnableSrvRecords "false";' \
            "Acquire::http::Timeout \"$timeout\";" "Acquire::https::Timeout \"$timeout\";" \
            "Acquire::https::CaInfo \"$work/ca.crt\";"
        [ "$proxy" = apt ] || printf 'Acquire::%s::Proxy "%s";\n' http "$proxy" https "$proxy"
    } >"$work/$number.conf"
    output=$(timeout "$((timeout * 3))" /usr/lib/apt/apt-helper --config-file "$work/$number.conf" \
        download-file "$address" "$work/$number" 2>&1 </dev/null)
    printf '@livemon %s %s\n%s\n' "$number" "$?" "$output" >"$work/$number.answer"
}

while IFS=$tab read -r address proxy && [ -n "$address" ]; do
    printf '%s\t%s\n' "$address" "$proxy"
done >"$work/questions"
{
    cat /etc/ssl/certs/ca-certificates.crt 2>/dev/null
    cat
} >"$work/ca.crt"

number=0
while IFS=$tab read -r address proxy; do
    ask "$number" "$address" "$proxy" &
    number=$((number + 1))
done <"$work/questions"
wait
cat "$work"/*.answer
