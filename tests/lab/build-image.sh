#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes the bootable Debian 12 guest of the lab: build-image.sh [-f]
#
# Runs as root on Debian 12, with packaging/deps.sh lab. Leaves in $EPAGENT_LAB (build/lab): vmlinux, initrd, root.img (ext4, raw, sparse),
# kernel-version, stamp. Does nothing if the image is there and neither this folder's sources nor the package list have changed; -f makes it anew.
# LAB_SOURCES names an apt sources file to build from (this machine's otherwise), LAB_ROOT_SIZE the size of the guest's disk.
#
# The guest runs Debian's ordinary kernel, systemd, udev and dbus. Not stock, for speed under software emulation: a small initramfs of our
# own (guest-init.c) and a pruned module tree. A command server (labd.c) answers lab.py on a virtio-serial port.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
lab=${EPAGENT_LAB:-$here/../../build/lab}
mkdir -p "$lab"
lab=$(cd "$lab" && pwd)

packages=systemd-sysv,udev,dbus,kmod,linux-image-amd64,procps,util-linux,mount,fdisk,iproute2,e2fsprogs,dosfstools
# What makes the disks that the probes look at.
packages+=,cryptsetup-bin,dmsetup,lvm2,thin-provisioning-tools,mdadm,btrfs-progs,xfsprogs
# What our programs are linked against, and what they run.
packages+=,libjansson4,libssl3,libsystemd0,libudev1,libcurl4,dconf-cli

# Kernel modules kept; everything else under drivers/, net/ and sound/ goes.
keep="usb scsi mmc nvme virtio block char hid input md cdrom ata net/usb net/virtio_net.ko net/net_failover.ko net/mii.ko acpi rtc misc memstick"

stamp=$({ cat "$0" "$here/labd.c" "$here/guest-init.c"; echo "$packages $keep"; } | sha256sum | cut -c1-64)
if [ "${1:-}" != -f ] && [ -s "$lab/root.img" ] && [ "$(cat "$lab/stamp" 2>/dev/null)" = "$stamp" ]; then
	exit 0
fi
[ "$(id -u)" = 0 ] || { echo "build-image.sh: the guest's disk is made by root only" >&2; exit 3; }

sources=${LAB_SOURCES:-}
for f in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
	[ -n "$sources" ] || { [ -s "$f" ] && sources=$f; }
done

work=$(mktemp -d "$lab/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root

opts=()
for p in /usr/share/doc /usr/share/man /usr/share/locale /usr/share/i18n '/lib/modules/*/kernel/sound' '/lib/modules/*/kernel/net' \
	'/lib/modules/*/kernel/arch/x86/kvm' '/lib/modules/*/kernel/drivers'; do
	opts+=(--dpkgopt="path-exclude=$p/*")
done
opts+=(--dpkgopt='path-include=/lib/modules/*/kernel/net/core/*')
for k in $keep; do
	opts+=(--dpkgopt="path-include=/lib/modules/*/kernel/drivers/$k*")
done

# INITRD=No: linux-image's hook then leaves out Debian's own (slow) initramfs.
INITRD=No mmdebstrap --quiet --mode=root --format=directory --variant=essential --aptopt='Apt::Install-Recommends "false"' "${opts[@]}" \
	--include="$packages" bookworm "$root" ${sources:+"$sources"}

kver=$(basename "$root"/lib/modules/*)
echo "$kver" >"$lab/kernel-version"
gcc -O2 -Wall -static -o "$root/usr/local/sbin/labd" "$here/labd.c"

# The guest's configuration.
echo lab >"$root/etc/hostname"
echo '/dev/vda / ext4 noatime 0 1' >"$root/etc/fstab"
echo 127.0.0.1 localhost lab >"$root/etc/hosts"
: >"$root/etc/machine-id"
systemctl --root="$root" --quiet set-default multi-user.target
systemctl --root="$root" --quiet mask getty@tty1 serial-getty@ttyS0 e2scrub_reap e2scrub_all.timer fstrim.timer apt-daily.timer \
	apt-daily-upgrade.timer dpkg-db-backup.timer systemd-timesyncd systemd-pstore systemd-update-utmp systemd-update-utmp-runlevel \
	systemd-firstboot systemd-journal-flush systemd-machine-id-commit lvm2-monitor mdmonitor.service mdcheck_start.timer \
	mdcheck_continue.timer mdmonitor-oneshot.timer 2>/dev/null
mkdir -p "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\n' >"$root/etc/systemd/journald.conf.d/lab.conf"
echo 'user::1000:1000::/home/user:/bin/bash' >>"$root/etc/passwd"
echo 'user:x:1000:' >>"$root/etc/group"
echo 'user:*:19000:0:99999:7:::' >>"$root/etc/shadow"
mkdir -p "$root/home/user" && chown 1000:1000 "$root/home/user"

cat >"$root/etc/systemd/system/labd.service" <<'UNIT'
[Unit]
Description=Command server of the lab
DefaultDependencies=no
After=systemd-remount-fs.service
[Service]
ExecStart=/usr/local/sbin/labd
KillMode=process
OOMScoreAdjust=-900
[Install]
WantedBy=sysinit.target
UNIT
systemctl --root="$root" --quiet enable labd.service

# The kernel, uncompressed: no unpacking under emulation.
python3 - "$root/boot/vmlinuz-$kver" "$lab/vmlinux" <<'PY'
import lzma, sys
image = open(sys.argv[1], "rb").read()
start = image.find(b"\xfd7zXZ\x00")
if start < 0:
    sys.exit("no xz kernel payload found: boot the vmlinuz itself with LAB_KERNEL")
open(sys.argv[2], "wb").write(lzma.LZMADecompressor().decompress(image[start:]))
PY

ird=$work/initrd
mkdir -p "$ird/m"
gcc -Os -Wall -static -s -o "$ird/init" "$here/guest-init.c"
for m in virtio_pci virtio_blk crc32c_generic ext4 virtio_console; do
	chroot "$root" modprobe -S "$kver" --show-depends "$m" | awk '$1 == "insmod" {print $2}'
done | awk '!seen[$0]++' | while read -r ko; do
	cp "$root/$ko" "$ird/m/"
	echo "/m/$(basename "$ko")"
done >"$work/modules"
mv "$work/modules" "$ird/modules"
(cd "$ird" && find . | cpio --quiet -o -H newc) >"$lab/initrd"

# The root disk. Overlays and states of an older image are void from here on.
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/*.log
rm -rf "$lab/root.img" "$lab/warm" "$lab/stamp"
mke2fs -q -t ext4 -m 0 -L lab -d "$root" "$lab/root.img" "${LAB_ROOT_SIZE:-3G}"
echo "$stamp" >"$lab/stamp"
