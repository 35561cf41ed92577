# Whether Grafana answers, asked in its own container; $0 is a name of its certificate. Bash is what every image of Grafana starts by,
# curl is not in every one (9.4 on Alpine has none), and what else an image may have does not look at a given certificate.
port=${GF_SERVER_HTTP_PORT:-3000} request='GET /api/health HTTP/1.0\r\n\r\n' wanted=200
if [[ ${GF_SERVER_PROTOCOL:-http} == https ]]; then
    if type -P curl >/dev/null; then
        exec curl --silent --show-error --fail --max-time 8 --cacert "$GF_SERVER_CERT_FILE" --connect-to ::127.0.0.1: "https://$0:$port/api/health"
    fi
    # As much as it reads before it refuses who does not speak TLS; livemon looks at the certificate from outside.
    request='GET /' wanted=400
fi
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf "$request" >&3
read -r -t 8 _ status _ <&3
[[ $status == "$wanted" ]] || { echo "Grafana answers ${status:-nothing}" && exit 1; }
