#!/bin/bash
# base.sh OUT SUITE MIRROR: makes a Debian for arm64 without anything of ours, and fetches two packages that are only
# unpacked. build.sh starts it as root of a user namespace.
set -euo pipefail
out=$1 suite=$2 mirror=$3 root=$1/root
. ./arm64.sh

leave_out=()
for folder in man locale doc info; do leave_out+=(--dpkgopt="path-exclude=/usr/share/$folder/*"); done
mmdebstrap --quiet --mode=root --architectures=arm64 --variant=apt --include="$(tr ' ' , <packages)" "${leave_out[@]}" \
  --dpkgopt=force-unsafe-io --skip=check/qemu,chroot/mount/sys,cleanup/apt "$suite" "$root" "$mirror"
apt=(-o "Dir=$root" -o APT::Architecture=arm64 -o APT::Sandbox::User=root)
kernel=$(apt-cache "${apt[@]}" depends linux-image-cloud-arm64 | awk '/Depends: linux-image/ {print $2; exit}')
(cd "$out" && apt-get "${apt[@]}" -qq download "$kernel" busybox-static)
rm -rf "$root"/var/lib/apt/lists/*_* "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb
tar -C "$root" --one-file-system --exclude='./dev/*' --exclude='./proc/*' -cf "$out/base.tar" .
rm -rf "$root"
