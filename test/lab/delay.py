"""A cable with a delay: passes Ethernet frames between two TAP interfaces. Usage: delay.py TAP TAP MILLISECONDS.

For kernels without netem. Each frame leaves the given time after it came, in order, in both directions.
"""

import collections
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
MAX_WAITING = 20000


def open_tap(name):
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


def read_all(tap, waiting, delay_s):
    while True:
        try:
            frame = os.read(tap, 65536)
        except BlockingIOError:
            return
        if len(waiting) < MAX_WAITING:  # Beyond that, frames are lost as on any full queue.
            waiting.append((time.monotonic() + delay_s, frame))


def write_due(tap, waiting):
    now = time.monotonic()
    while waiting and waiting[0][0] <= now:
        try:
            os.write(tap, waiting.popleft()[1])
        except OSError:
            pass  # The far interface is down or full: the frame is lost.


def main():
    taps = [open_tap(name) for name in sys.argv[1:3]]
    delay_s = float(sys.argv[3]) / 1000
    queues = {tap: collections.deque() for tap in taps}  # By the TAP that the frames came from.
    print("delay ready", file=sys.stderr, flush=True)
    while True:
        next_due = min((queue[0][0] for queue in queues.values() if queue), default=None)
        timeout = None if next_due is None else max(0, next_due - time.monotonic())
        for tap in select.select(taps, [], [], timeout)[0]:
            read_all(tap, queues[tap], delay_s)
        write_due(taps[1], queues[taps[0]])
        write_due(taps[0], queues[taps[1]])


main()
