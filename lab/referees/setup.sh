#!/usr/bin/env bash
# Run as root on a fresh lab machine of Debian: everything here is real but the names, the versions and the keys, which are thrown away.
#   http://packages.referees.test/linux/debian   apt repository with Docker's own package names, made of the distribution's packages
#   http://packages.referees.test/forged/debian  the same, signed with another key
#   https://registry.referees.test               Debian's docker-registry behind nginx, with a certificate signed by ca.pem
#   http://postdoc:throwaway@ADDRESS:8888        tinyproxy, which alone can resolve these names
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

place=/srv/referees
address=$(ip -4 -json address show dev eth0 scope global | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["addr_info"][0]["local"])')
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mkdir -p "$place"
cd "$place"
echo "127.0.0.1 packages.referees.test registry.referees.test" >>/etc/hosts
apt-get -qq update
apt-get -qq install --yes --no-install-recommends apt-utils docker-registry gnupg nginx openssl skopeo tinyproxy >/dev/null

# --- packages --------------------------------------------------------------------------------------------------------

# repack ORIGIN NAME VERSION DEPENDS: the package ORIGIN of the distribution, under another name.
repack() {
    local origin=$1 name=$2 version=$3 depends=$4
    [[ -d unpacked/$name ]] || dpkg-deb --raw-extract "$(echo "$origin"_*.deb)" "unpacked/$name"
    sed -i -E -e "/^(Source|Built-Using|Recommends|Suggests|Conflicts|Breaks|Replaces|Provides):/d" -e "s/^Package: .*/Package: $name/" \
        -e "s/^Version: .*/Version: $version/" -e "s/^Depends: .*/Depends: $depends\nConflicts: $origin/" "unpacked/$name/DEBIAN/control"
    sed -i '/^Conflicts: .*/{n;/^Conflicts: /d}' "unpacked/$name/DEBIAN/control"
    dpkg-deb --root-owner-group -Zzstd -z1 --build "unpacked/$name" "www/linux/debian/pool/" >/dev/null
}

mkdir -p unpacked www/linux/debian/pool
apt-get -qq download docker.io docker-cli containerd docker-buildx docker-compose
for engine in "24.0.2 1.6.21 0.10.5 2.18.1" "29.0.1 2.1.5 0.29.1 2.40.3"; do
    read -r docker containerd buildx compose <<<"$engine"
    repack docker.io docker-ce "5:$docker-1~debian.13~$suite" "docker-ce-cli, containerd.io, iptables, adduser, tini, libsystemd0"
    repack docker-cli docker-ce-cli "5:$docker-1~debian.13~$suite" "libc6"
    repack containerd containerd.io "$containerd-1" "runc"
    repack docker-buildx docker-buildx-plugin "$buildx-1~debian.13~$suite" "docker-ce-cli"
    repack docker-compose docker-compose-plugin "$compose-1~debian.13~$suite" "docker-ce-cli"
done

export GNUPGHOME=$place/gnupg
mkdir -m 0700 gnupg
for key in right wrong; do
    gpg --batch --quiet --passphrase '' --quick-generate-key "$key@referees.test" ed25519 sign never
done
fingerprint=$(gpg --with-colons --list-keys right@referees.test | awk -F: '$1 == "fpr" {print $10; exit}')

# sign DIRECTORY KEY
sign() {
    local release=$1/dists/$suite
    (cd "$1" && apt-ftparchive packages pool >"dists/$suite/stable/binary-amd64/Packages")
    apt-ftparchive -o APT::FTPArchive::Release::Suite="$suite" -o APT::FTPArchive::Release::Codename="$suite" \
        -o APT::FTPArchive::Release::Components=stable -o APT::FTPArchive::Release::Architectures=amd64 release "$release" >Release
    mv Release "$release/Release"
    gpg --batch --quiet --local-user "$2@referees.test" --clearsign --output "$release/InRelease" "$release/Release"
}

mkdir -p "www/linux/debian/dists/$suite/stable/binary-amd64"
cp --recursive www/linux www/forged
sign www/linux/debian right
sign www/forged/debian wrong
gpg --armor --export right@referees.test | tee www/linux/debian/gpg >www/forged/debian/gpg

# --- images ----------------------------------------------------------------------------------------------------------

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=Referees' authority" \
    -keyout ca.key -out ca.pem 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=registry.referees.test -keyout server.key -out server.csr 2>/dev/null
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.crt \
    -extfile <(echo "subjectAltName = DNS:registry.referees.test, IP:$address") 2>/dev/null

cat >/etc/nginx/sites-enabled/default <<CONFIG
server {
    listen 80;
    root $place/www;
}
server {
    listen 443 ssl;
    server_name registry.referees.test;
    ssl_certificate $place/server.crt;
    ssl_certificate_key $place/server.key;
    client_max_body_size 0;
    location / {
        proxy_pass http://127.0.0.1:5000;
        proxy_set_header Host \$http_host;
        proxy_set_header X-Forwarded-Proto https;
    }
}
CONFIG
cat >/etc/tinyproxy/tinyproxy.conf <<'CONFIG'
User tinyproxy
Group tinyproxy
Port 8888
Timeout 120
LogFile "/var/log/tinyproxy/tinyproxy.log"
LogLevel Connect
MaxClients 50
BasicAuth postdoc throwaway
ConnectPort 443
CONFIG
cat >/etc/docker/registry/config.yml <<'CONFIG'
version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/docker-registry}}
http: {addr: "127.0.0.1:5000"}
CONFIG
systemctl restart docker-registry nginx tinyproxy

image=$(find /media/livemon-images -name 'app-*.tar' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2)
[[ -n $image ]] || { echo "no image of livemon in /media/livemon-images: make images" >&2 && exit 1; }
# Under the name of the base image on Docker Hub.
skopeo copy --quiet --insecure-policy --dest-tls-verify=false "docker-archive:$image" docker://127.0.0.1:5000/library/python:3.11-slim-bookworm
digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' docker://127.0.0.1:5000/library/python:3.11-slim-bookworm)

for url in http://packages.referees.test/linux/debian/gpg http://packages.referees.test/forged/debian/gpg https://registry.referees.test/v2/; do
    curl --silent --show-error --fail --retry 5 --retry-connrefused --cacert ca.pem --proxy http://postdoc:throwaway@127.0.0.1:8888 "$url" >/dev/null
done

# Buildx is not held: the newest one comes.
cat >settings.yml <<SETTINGS
proxy: http://postdoc:throw%61way@$address:8888
docker_repository:
  url: http://packages.referees.test/linux/debian
  fingerprint: $fingerprint
  versions: {docker-ce: "5:24.0.2-1~*", docker-ce-cli: "5:24.0.2-1~*", containerd.io: 1.6.21-1, docker-compose-plugin: "2.18.1-*"}
registry_mirrors: [https://registry.referees.test]
digest: $digest
SETTINGS
