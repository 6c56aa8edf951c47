#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs Debian packages by the sets below: deps.sh SET ...   (build, test, lab, win32)
# Does nothing where all are there. Root is asked for (sudo) only to install, and only then.
set -eu

# What a build needs.
build="gcc libc6-dev make pkg-config python3 libjansson-dev libssl-dev libsystemd-dev libudev-dev libyaml-dev"
# Real parts for the tests (python3-yaml reads the clause maps, mandoc checks the manual pages).
# (gsettings and kreadconfig5: screen_lock is compared with them; mandoc, ctags: man pages and lint)
# chromium and firefox-esr are asked what they make of their policy files.
test="$build libcmocka-dev python3 python3-yaml dconf-cli git strace universal-ctags mandoc libglib2.0-bin dconf-gsettings-backend gsettings-desktop-schemas libkf5config-bin util-linux chromium firefox-esr"
# clamav-daemon: started, aged, stopped and imitated by the antivirus tests.
test="$test clamav-daemon"
# openssl: a second opinion on our keys and signatures.
test="$test openssl"
# systemd: systemd-analyze holds the scores of the units; nothing of it is started.
test="$test systemd"
# The Windows half: cross compiler, what OpenSSL and jansson are built with, and Wine to run it.
win32="gcc-mingw-w64-x86-64-win32 mingw-w64-x86-64-dev binutils-mingw-w64-x86-64 dpkg-dev cmake perl wine64 wine"
# A guest with a kernel of its own.
# (debootstrap: tests/fresh)
lab="debootstrap qemu-system-x86 qemu-utils mmdebstrap e2fsprogs cpio python3 gcc libc6-dev"

want=
for set in "$@"; do
	case $set in build | test | lab | win32) want="$want ${!set}" ;; *) echo "deps.sh: no set $set" >&2; exit 2 ;; esac
done
missing=
for package in $want; do
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

root=
[ "$(id -u)" = 0 ] || root=sudo
if [ -n "$root" ] && ! command -v sudo >/dev/null; then
	echo "deps.sh: these Debian packages are missing and sudo is not there; as root: apt-get install$missing" >&2
	exit 1
fi
echo "deps.sh: installing$missing"
# No daemon is started by its package: a machine that runs this is changed by files only.
policy=$(mktemp -d)
trap 'rm -rf "$policy"' EXIT
$root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -qq update
# shellcheck disable=SC2086
$root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -o DPkg::Lock::Timeout=600 -y --no-install-recommends install $missing >"$policy/log" 2>&1 ||
	{ cat "$policy/log" >&2; exit 1; }
