"""Serves AWS's API as moto imitates it, on a port that the system chooses, until standard input ends.

Whoever starts it reads the address from the first line, and it ends with them however they end.
"""

import os
import sys

from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
sys.stdin.read()
os._exit(0)
