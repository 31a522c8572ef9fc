#!/bin/busybox sh
# The first program in the emulated board: loads what the disk needs, and goes over to the system on it.
busybox mount -t devtmpfs dev /dev
while read -r module; do busybox insmod "/modules/$module"; done </modules/order
until [ -b /dev/vda4 ]; do busybox usleep 20000; done
busybox mount -t ext4 -o noatime /dev/vda4 /root
busybox mount --move /dev /root/dev
exec busybox switch_root /root /sbin/init
