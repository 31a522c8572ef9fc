#!/bin/busybox sh
# First program of the virtual machine: loads the modules, takes this computer's own files for its root, runs the program
# that the kernel's command line names, and hands its exit code to QEMU.
b=/bin/busybox
root=/newroot
$b mount -t devtmpfs dev /dev
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
for module in /modules/*.ko; do $b insmod "$module" || echo "init: $module cannot be loaded"; done
$b mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro rootfs $root || $b poweroff -f
$b mount -t tmpfs -o mode=1777 tmpfs $root/tmp
$b mount -t tmpfs tmpfs $root/run
for folder in dev proc sys; do $b mount --move /$folder $root/$folder; done
$b mkdir -p $root/dev/shm $root/dev/pts
$b mount -t tmpfs -o mode=1777 tmpfs $root/dev/shm
$b mount -t devpts devpts $root/dev/pts
$b ln -sf /proc/self/fd $root/dev/fd
$b ifconfig lo 127.0.0.1 up
for word in $($b cat $root/proc/cmdline); do
  case $word in
    run=*) run=${word#run=} ;;
    node=*) node=${word#node=} ;;
    project=*) project=${word#project=} ;;
  esac
done
# A project below a folder that is the machine's own, such as /tmp, is not there.
$b mkdir -p "$root$project"
$b mount -o bind /project "$root$project"
$b chroot $root /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp TERM=dumb \
  XDG_CACHE_HOME=/tmp/cache CI=true MDT_USB_LAB=1 "$node" "$run"
code=$?
[ $code -gt 126 ] && code=126
# QEMU ends with twice this, plus one.
printf "\\$($b printf %03o $code)" | $b dd of=$root/dev/port bs=1 seek=244 count=1 2>/dev/null
$b poweroff -f
