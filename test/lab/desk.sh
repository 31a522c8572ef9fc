# First process of the lab's desk, where mdt and its peers run: stays until its standard input closes.
set -eu
read -r host_pid _ </proc/self/stat # The /proc still mounted here counts processes as the host does.
hostname "$LAB_NAME"
mount -t tmpfs -o mode=755 lab /run
mkdir -p /run/dbus /run/avahi-daemon
# Interfaces of this namespace, not of the host.
mount -t sysfs lab /sys
# IPv6 addresses at once, without waiting for duplicates.
for scope in all default; do echo 0 >"/proc/sys/net/ipv6/conf/$scope/accept_dad"; done
ip link set lo up
echo "ready $host_pid"
while read -r _; do :; done
