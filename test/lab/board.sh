# First process of a lab board: gives it a root folder of its own (the host's, copied on write), the user, the files and
# the services' settings of a Mendel board, then stays until its standard input closes. Nothing on the host changes.
set -eu
read -r host_pid _ </proc/self/stat # The /proc still mounted here counts processes as the host does.
hostname "$LAB_NAME"

mount -t tmpfs lab /mnt
mkdir /mnt/changes /mnt/work /mnt/root
mount -t overlay -o "lowerdir=/,upperdir=/mnt/changes,workdir=/mnt/work" lab /mnt/root
root=/mnt/root
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 run "$root/run"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -t tmpfs -o "mode=755,size=$LAB_HOME_SIZE" home "$root/home"

# What runs inside comes from the host: Node itself, the lab's keymaster and its getty.
mkdir -p "$root/run/lab" "$root/run/sshd" "$root/run/avahi-daemon"
chown avahi:avahi "$root/run/avahi-daemon" 2>/dev/null || true
touch "$root/run/lab/node" "$root/run/lab/keymaster.js" "$root/run/lab/getty.py"
mount --bind "$LAB_NODE" "$root/run/lab/node"
mount --bind "$LAB_KEYMASTER" "$root/run/lab/keymaster.js"
mount --bind "$LAB_GETTY" "$root/run/lab/getty.py"

# User mendel with the password mendel, as every board has.
grep -v '^mendel:' /etc/passwd | grep -v '^[^:]*:[^:]*:1000:' >"$root/run/lab/passwd"
echo 'mendel:x:1000:1000:Mendel:/home/mendel:/bin/bash' >>"$root/run/lab/passwd"
grep -v '^mendel:' /etc/group | grep -v '^[^:]*:[^:]*:1000:' >"$root/run/lab/group"
echo 'mendel:x:1000:' >>"$root/run/lab/group"
grep -v '^mendel:' /etc/shadow >"$root/run/lab/shadow"
echo 'mendel:$6$mendel$i6Tc.hNsUKsCORnVQyAtTgXy4sFXZfWYqV5vRSWrWQ3wIYkqOQbhWbcFOeNTDJwYLM7SNWzES7H8Fp3KYer96/:19000::::::' >>"$root/run/lab/shadow"
for file in passwd group shadow; do cat "$root/run/lab/$file" >"$root/etc/$file"; done
mkdir -p "$root/home/mendel"
chown 1000:1000 "$root/home/mendel"
mkdir -p "$root/etc/sudoers.d"
echo 'mendel ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/mendel"
chmod 440 "$root/etc/sudoers.d/mendel"

# /etc of a Mendel board.
echo "$LAB_NAME" >"$root/etc/hostname"
printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n' "$LAB_NAME" >"$root/etc/hosts"
echo "$LAB_MENDEL_VERSION" >"$root/etc/mendel_version"
rm -f "$root/etc/os-release"
printf 'PRETTY_NAME="%s"\nNAME="Mendel GNU/Linux"\nID=mendel\nID_LIKE=debian\n' "$LAB_PRETTY_NAME" >"$root/etc/os-release"

# Mendel's own way to install a package; the real one adds it to a local repository and has apt install it from there.
printf '#!/bin/sh\nexec dpkg --install "$1"\n' >"$root/usr/sbin/mdt-install-package"
chmod 755 "$root/usr/sbin/mdt-install-package"

rm -f "$root"/etc/ssh/ssh_host_*
for type in ed25519 ecdsa; do ssh-keygen -q -N '' -t "$type" -C "root@$LAB_NAME" -f "$root/etc/ssh/ssh_host_${type}_key"; done
cat >"$root/etc/ssh/lab_config" <<CONFIG
HostKey /etc/ssh/ssh_host_ed25519_key
HostKey /etc/ssh/ssh_host_ecdsa_key
PasswordAuthentication $LAB_PASSWORD_LOGIN
KbdInteractiveAuthentication no
PubkeyAuthentication yes
UsePAM no
UseDNS no
PrintMotd no
AcceptEnv LANG LC_*
MaxStartups 100
PidFile /run/sshd.pid
Subsystem sftp /usr/lib/openssh/sftp-server
CONFIG

rm -rf "$root/etc/avahi/services"
mkdir -p "$root/etc/avahi/services"
cat >"$root/etc/avahi/services/googlemdt.service" <<'SERVICE'
<?xml version="1.0" standalone='no'?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group>
  <name replace-wildcards="yes">%h</name>
  <service>
    <type>_googlemdt._tcp</type>
    <port>22</port>
  </service>
</service-group>
SERVICE
printf '[server]\nuse-ipv4=yes\nuse-ipv6=yes\nenable-dbus=no\n[publish]\npublish-workstation=no\n' >"$root/etc/avahi/lab.conf"

# IPv6 addresses at once, without waiting for duplicates; the overlay's /proc/sys is this namespace's.
for scope in all default; do
  echo 0 >"$root/proc/sys/net/ipv6/conf/$scope/accept_dad"
done
ip link set lo up
exec chroot "$root" /bin/bash -c "echo ready $host_pid; while read -r _; do :; done"
