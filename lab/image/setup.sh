#!/bin/sh
# Make a lab machine of a minimal Debian or Ubuntu: run inside the image build.
set -eu

# An origin made from the apt mirror has them already and needs no network here.
missing=$(while read -r package; do
    dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"
done </tmp/packages)
if [ -n "$missing" ]; then
    apt-get -qq update  # the lists stay, as an installer leaves them: a dry run needs them
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends $missing
fi

useradd --create-home --shell /bin/bash postdoc
install -d -m 0700 -o postdoc -g postdoc /home/postdoc/.ssh
echo 'postdoc ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/postdoc
chmod 0440 /etc/sudoers.d/postdoc

install -d -m 0755 /etc/ssh/sshd_config.d
printf '%s\n' 'PasswordAuthentication no' 'PermitRootLogin no' 'UseDNS no' >/etc/ssh/sshd_config.d/lab.conf
rm -f /etc/ssh/ssh_host_*  # every machine makes its own

# What would reach through to the kernel that the machine shares with this one, or take apt's lock at an unforeseen time.
for unit in systemd-sysctl.service systemd-modules-load.service systemd-timesyncd.service systemd-udevd.service \
    systemd-udev-trigger.service sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
    dev-hugepages.mount apt-daily.timer apt-daily-upgrade.timer; do
    ln -sf /dev/null "/etc/systemd/system/$unit"
done
systemctl enable ssh.service >/dev/null 2>&1
rm -f /etc/machine-id && touch /etc/machine-id
