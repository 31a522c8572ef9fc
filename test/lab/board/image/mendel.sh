#!/bin/bash
# mendel.sh OUT BASE: makes a Mendel board of the Debian in BASE: kernel, initrd and disk. build.sh starts it as root of a user
# namespace.
set -euo pipefail
out=$1 base=$2 root=$1/root work=$1/work
. ./arm64.sh

# What makes a Debian a Mendel.
make_mendel() {
  mkdir -p "$root"
  tar -C "$root" -xf "$base/base.tar"
  cp -r --preserve=mode root/. "$root/"
  # A checkout keeps no more of a mode than whether it may be run.
  chmod 600 "$root"/etc/NetworkManager/system-connections/*
  chmod 440 "$root/etc/sudoers.d/mendel"
  rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname"
  sed -i 's/^PRETTY_NAME=.*/PRETTY_NAME="Mendel GNU\/Linux 5 (Eagle)"/' "$root/usr/lib/os-release"
  echo 'Mendel GNU/Linux (eagle) \n \l' >"$root/etc/issue"
  : >"$root/etc/machine-id"
  printf '127.0.0.1 localhost\n::1 localhost ip6-localhost\n' >"$root/etc/hosts"
  chroot "$root" bash -e <<'SCRIPT'
useradd -m -s /bin/bash -G sudo,adm,dialout,netdev,plugdev mendel
echo mendel:mendel | chpasswd
systemctl enable -q mdt-runonce mdt-keymaster.service mdt-keymaster.path usb0-dhcp NetworkManager serial-getty@ttyAMA0
systemctl mask -q apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
  fstrim.timer getty@tty1.service NetworkManager-wait-online.service systemd-timesyncd.service wpa_supplicant.service
SCRIPT
}

# The kernel is only unpacked, so that no emulated program has to make an initramfs; ours holds a few modules.
make_boot() {
  local ram=$work/ram version module
  mkdir -p "$ram"/{bin,dev,root,modules}
  dpkg-deb -x "$base"/linux-image*.deb "$work/kernel"
  dpkg-deb -x "$base"/busybox*.deb "$work/busybox"
  cp "$work/busybox/bin/busybox" "$ram/bin/"
  version=$(ls "$work/kernel/lib/modules")
  mkdir -p "$root/lib/modules"
  cp -a "$work/kernel/lib/modules/$version" "$root/lib/modules/"
  depmod -b "$root" "$version"
  modprobe -d "$root" -S "$version" --show-depends -a virtio_mmio virtio_blk |
    awk '/^insmod/ && !seen[$2]++ {print $2}' >"$work/modules"
  while read -r module; do
    cp "$module" "$ram/modules/"
    echo "${module##*/}" >>"$ram/modules/order"
  done <"$work/modules"
  cp init.sh "$ram/init"
  chmod 755 "$ram/init"
  (cd "$ram" && find . | sort | cpio -o -H newc -R 0:0 --quiet | gzip -1n >"$out/initrd")
  cp "$work"/kernel/boot/vmlinuz-* "$out/vmlinuz"
}

# As many bytes as 8 GB boards have, with Eagle's partitions (home third, rootfs fourth), without a loop device.
make_disk() {
  local disk=$out/disk.raw
  truncate -s 7818182656 "$disk"
  mv "$root/home" "$work/home"
  mkdir "$root/home" "$work/boot"
  printf '%s\n' 'label: gpt' 'start=2048, size=128MiB, name=boot' 'size=1MiB, name=misc' 'size=2GiB, name=home' \
    'name=rootfs' | sfdisk -q "$disk"
  partition 1 boot "$work/boot"
  partition 3 home "$work/home"
  partition 4 rootfs "$root"
  qemu-img convert -O qcow2 "$disk" "$out/disk.qcow2"
  rm "$disk"
}

# partition NUMBER LABEL FOLDER: makes that partition of the disk an ext4 with what the folder holds.
partition() {
  local start sectors
  read -r start sectors < <(sfdisk -J "$out/disk.raw" | python3 -c "
import json, sys
part = json.load(sys.stdin)['partitiontable']['partitions'][$1 - 1]
print(part['start'], part['size'])")
  mkfs.ext4 -q -F -L "$2" -d "$3" -E "offset=$((start * 512)),root_owner=0:0,nodiscard" "$out/disk.raw" $((sectors / 2))k
}

mkdir "$work"
make_mendel
make_boot
make_disk
rm -rf "$root" "$work"
