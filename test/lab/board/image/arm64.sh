# Sourced: makes programs for arm64 run in this user namespace, and nowhere else on this computer.
mount -t proc proc /proc
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
cat /usr/lib/binfmt.d/qemu-aarch64.conf >/proc/sys/fs/binfmt_misc/register
