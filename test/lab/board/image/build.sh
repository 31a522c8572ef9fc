#!/bin/bash
# build.sh FOLDER: makes the image of an emulated Mendel board (disk.qcow2, vmlinuz, initrd) below FOLDER and prints its path.
# The same recipe is built once. Where only root/ has changed, the Debian below it is taken from FOLDER. Needs root, and Linux
# 6.7 for a binfmt_misc of its own, so that arm64 programs run here and nowhere else on this computer.
set -euo pipefail
folder=$(mkdir -p "${1:?a folder}" && readlink -f "$1")
cd "$(dirname "$0")"
suite=bullseye # The oldest that Debian's mirrors have for arm64; Mendel Eagle is a buster.
mirror=$({ grep -hE '^(URIs:|deb )' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
  grep -oE 'https?://[^ ]+/debian/?' | head -n 1)

hash() { sha256sum | cut -c-16; }
base=$folder/base-$({ echo "$suite $mirror"; cat base.sh arm64.sh packages; } | hash)
image=$folder/image-$({ echo "${base##*/}"; tar --sort=name --mtime=@0 --owner=0 --group=0 -c mendel.sh init.sh root; } | hash)

# make OUT SCRIPT WORDS…: runs the script, which fills a folder, as root of a user namespace. OUT appears when it is whole.
make() {
  local out=$1 script=$2 work
  shift 2
  work=$(mktemp -d "$folder/partial.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkfifo "$work/go"
  unshare --user --mount --pid --fork --kill-child --propagation private \
    bash -c 'read -r _ <"$0"; exec bash "$@"' "$work/go" "$script" "$work" "$@" >&2 &
  until [ "$(readlink "/proc/$!/ns/user")" != "$(readlink /proc/self/ns/user)" ]; do sleep 0.05; done
  echo '0 0 65536' >"/proc/$!/uid_map"
  echo '0 0 65536' >"/proc/$!/gid_map"
  echo >"$work/go"
  wait $!
  rm "$work/go"
  chmod 755 "$work"
  mv -T "$work" "$out"
  trap - EXIT
}

# Two builds at once wait for each other.
exec 9>"$folder/lock"
flock 9
[ -e "$base" ] || make "$base" base.sh "$suite" "$mirror"
[ -e "$image" ] || make "$image" mendel.sh "$base"
echo "$image"
