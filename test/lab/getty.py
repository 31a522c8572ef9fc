"""A serial console of a lab board: getty and login on a pseudo-terminal, as systemd keeps them, behind a TCP port.

Usage: getty.py PORT. One client at a time; what is said while there is none is lost, as on a cable nobody listens to.
"""
import errno
import os
import socket
import subprocess
import sys
import threading
import time

master, slave = os.openpty()
name = os.ttyname(slave)[len("/dev/"):]
os.close(slave)
client = None


def keep_getty():
    while True:
        subprocess.run(["agetty", "-L", name, "115200", "vt220"], start_new_session=True, check=False)


def pass_output():
    while True:
        try:
            data = os.read(master, 4096)
        except OSError as error:
            # Between two users nobody has the terminal open.
            if error.errno != errno.EIO:
                raise
            time.sleep(0.01)
            continue
        try:
            if client is not None:
                client.sendall(data)
        except OSError:
            pass  # The client has gone.


server = socket.create_server(("", int(sys.argv[1])))
threading.Thread(target=pass_output, daemon=True).start()
threading.Thread(target=keep_getty, daemon=True).start()
print("getty ready", file=sys.stderr, flush=True)
while True:
    connection, _ = server.accept()
    client = connection
    try:
        while data := connection.recv(4096):
            os.write(master, data)
    except OSError:
        pass  # As above.
    client = None
    connection.close()
