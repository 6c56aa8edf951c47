#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds jansson and OpenSSL's libcrypto as static archives for 64-bit Windows, from the distribution's own source packages.
#
# usage: deps.sh PREFIX        leaves PREFIX/include, PREFIX/lib, PREFIX/VERSIONS and PREFIX/.key
#
# Sources come through apt with a private configuration that is derived from the repositories apt already knows; the system's lists and
# caches are neither changed nor read for sources. No root. The key is a digest of this script, the compiler's version and the
# sources' .dsc files: a prefix whose key matches is left alone.
set -euo pipefail

triplet=x86_64-w64-mingw32
cc=$triplet-gcc-win32 # the win32 thread model by its full name: the short one is an alternatives link
packages=(openssl jansson)
# Compiled into libcrypto. Ordinary users cannot write there, and epagent loads no configuration, engine or module from it.
ossl_dir='C:/Program Files/epagent/ssl'
flags='-D_WIN32_WINNT=0x0A00 -Os -g0 -ffunction-sections -fdata-sections -fstack-protector-strong'

[ $# = 1 ] || { echo "usage: deps.sh PREFIX" >&2; exit 2; }
mkdir -p "$1"
prefix=$(realpath "$1")
src=$prefix-src work=$prefix-work self=$(realpath "$0")

say() { printf 'win32 deps: %s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

for tool in $cc $triplet-ar make perl cmake dpkg-source; do
	command -v "$tool" >/dev/null || die "$tool is missing: packaging/deps.sh win32 installs it"
done

apt_private() {
	local tool=$1
	shift
	"$tool" -qq -o Dir::Etc::SourceList="$src/.apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$src/.apt/lists" -o Dir::Cache="$src/.apt/cache" -o APT::Sandbox::User="$(id -un)" "$@"
}

apt_setup() {
	local ring=/usr/share/keyrings/debian-archive-keyring.gpg opt=
	[ ! -e $ring ] || opt="[signed-by=$ring]"
	mkdir -p "$src/.apt/lists/partial" "$src/.apt/cache/archives/partial"
	# The base release sorts first: where two suites carry one version apt takes the first, and mirrors hold it most completely.
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
		sort -u -k2,3 | sed "s|^|deb-src $opt |" >"$src/.apt/sources.list"
	[ -s "$src/.apt/sources.list" ] || die "apt knows no repository: run apt-get update first"
	apt_private apt-get update || die "cannot read the source lists"
}

# Newest first in Debian's order; a mirror may list a version that it does not hold.
versions() {
	apt_private apt-cache showsrc --only-source "$1" | awk '$1 == "Version:" { print $2 }' | sort -u | while read -r v; do
		printf '%s %s\n' "$(perl -e '$_ = shift; s/(\d+)/sprintf "%08d", $1/ge; print' "$v")" "$v"
	done | sort -r | cut -d' ' -f2
}

fetch() {
	local v file
	for v in $(versions "$1"); do
		file=$1_${v#*:}.dsc
		if [ -e "$src/$file" ] || { (cd "$src" && apt_private apt-get --download-only source "$1=$v" >"$src/.apt/log" 2>&1) && [ -e "$src/$file" ]; }; then
			echo "$src/$file" >"$src/$1.dsc-name"
			return
		fi
		say "$1 $v cannot be downloaded, trying an older one"
	done
	[ -s "$src/$1.dsc-name" ] || die "no source of $1 can be downloaded"
}

mkdir -p "$src"
[ -s "$src/jansson.dsc-name" ] && [ -s "$src/openssl.dsc-name" ] || { apt_setup; for p in "${packages[@]}"; do fetch "$p"; done; }
dsc() { cat "$src/$1.dsc-name"; }

key=$({ sha256sum <"$self"; $cc -dumpfullversion; for p in "${packages[@]}"; do sha256sum <"$(dsc "$p")"; done; } | sha256sum | cut -c1-24)
[ "$(cat "$prefix/.key" 2>/dev/null)" != "$key" ] || exit 0
rm -rf "$prefix" "$work"
mkdir -p "$prefix/lib" "$prefix/include" "$work"
export SOURCE_DATE_EPOCH=1700000000 LC_ALL=C

unpack() { dpkg-source --no-check -x "$(dsc "$1")" "$work/$1"; }

build_openssl() {
	unpack openssl
	cd "$work/openssl"
	# shellcheck disable=SC2086
	CC= ./Configure mingw64 --cross-compile-prefix=$triplet- --prefix="$prefix" --libdir=lib \
		no-shared no-tests no-module no-dso no-engine no-legacy no-autoload-config no-ui-console no-comp no-ssl no-tls no-dtls no-srp \
		no-psk no-ct no-ts no-cmp no-gost no-idea no-camellia no-seed no-bf no-cast no-rc2 no-rc4 no-md4 no-mdc2 no-rmd160 no-whirlpool \
		no-sm2 no-sm3 no-sm4 no-aria no-des no-dsa no-siphash no-blake2 no-cms no-ocsp no-scrypt no-chacha no-poly1305 $flags
	# Given to make, for Configure would put the build machine's prefix before a Windows path.
	local dirs=(OPENSSLDIR="$ossl_dir" ENGINESDIR="$ossl_dir/engines" MODULESDIR="$ossl_dir/modules" CC=$cc)
	make -j"$(nproc)" "${dirs[@]}" build_generated
	make -j"$(nproc)" "${dirs[@]}" libcrypto.a
	cp libcrypto.a "$prefix/lib/"
	cp -r include/openssl "$prefix/include/"
}

build_jansson() {
	unpack jansson
	cmake -S "$work/jansson" -B "$work/jansson-build" -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_SYSTEM_PROCESSOR=x86_64 -DCMAKE_C_COMPILER=$cc \
		-DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE="$flags -ffile-prefix-map=$work=." -DJANSSON_BUILD_SHARED_LIBS=OFF \
		-DJANSSON_BUILD_DOCS=OFF -DJANSSON_EXAMPLES=OFF -DJANSSON_WITHOUT_TESTS=ON
	make -C "$work/jansson-build" -j"$(nproc)" jansson
	cp "$work"/jansson-build/lib/libjansson.a "$prefix/lib/"
	cp "$work"/jansson-build/include/jansson*.h "$prefix/include/"
}

step() {
	local log=$work/$1.log rc
	# A shell of its own, outside any condition: there "set -e" holds, so the first command that fails ends the step.
	set +e
	(set -e; "build_$1") >"$log" 2>&1 </dev/null
	rc=$?
	set -e
	[ $rc = 0 ] || { tail -n 30 "$log" >&2; die "$1 failed"; }
}

for p in jansson openssl; do step $p; done
for p in "${packages[@]}"; do basename "$(dsc "$p")" .dsc; done >"$prefix/VERSIONS"
echo "$key" >"$prefix/.key"
rm -rf "$work"
say "built $(tr '\n' ' ' <"$prefix/VERSIONS")"
