import type { Namespace } from './namespace.js';

const BUS_SETTINGS = `<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/> <allow own="*"/> <allow send_destination="*"/> <allow receive_sender="*"/>
  </policy>
</busconfig>
`;

const WRITE_SETTINGS = `
cat >/run/dbus/lab.conf
printf '[server]\\nuse-ipv4=yes\\nuse-ipv6=yes\\n[publish]\\npublish-workstation=no\\n' >/run/avahi-daemon/lab.conf
chown -R avahi:avahi /run/avahi-daemon
`;

/** Starts what avahi-browse talks to: avahi-daemon and a message bus of the desk's own, in its own /run. */
export async function startDeskAvahi(desk: Namespace): Promise<void> {
  await desk.mustRun(['bash', '-c', WRITE_SETTINGS], { input: BUS_SETTINGS });
  await desk.startDaemon(
    ['dbus-daemon', '--config-file=/run/dbus/lab.conf', '--nofork', '--print-address=2'],
    /^unix:path=/,
  );
  await desk.startDaemon(
    ['avahi-daemon', '--no-chroot', '--no-rlimits', '--file', '/run/avahi-daemon/lab.conf'],
    /^Server startup complete/,
  );
}
