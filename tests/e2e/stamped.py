"""stamped.py - a web server that knows when the kernel got each request: what a crowded machine adds before a server's log line is written is
not in it, so that the distance of two requests can be judged to the millisecond. One thread; every address 127.0.0.N is a site of its own."""
import collections
import os
import selectors
import socket
import struct
import threading

SO_TIMESTAMPING, WANTED = 37, 1 << 3 | 1 << 4  # linux/net_tstamp.h: SOF_TIMESTAMPING_RX_SOFTWARE, SOF_TIMESTAMPING_SOFTWARE


class StampedWeb:
    """answer(host, path) gives the bytes of a whole answer. got: host -> [(seconds, path)]."""

    def __init__(self, answer):
        self.answer, self.got = answer, collections.defaultdict(list)
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, WANTED)
        self.listener.bind(("0.0.0.0", 0))
        self.listener.listen(1000)
        self.port = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.ending, self.end = os.pipe()
        self.selector.register(self.ending, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.listener:
                    self.selector.register(self.listener.accept()[0], selectors.EVENT_READ)
                elif key.fileobj == self.ending:
                    return
                else:
                    self.read(key.fileobj)

    def read(self, connection):
        """A request comes in one piece: the crawler's are small and sent at once."""
        try:
            request, extra, _, _ = connection.recvmsg(65536, 1024)
        except OSError:
            request = b""
        if not request:
            self.selector.unregister(connection)
            connection.close()
            return
        assert request.endswith(b"\r\n\r\n"), request
        stamp = next(data for level, kind, data in extra if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPING))
        seconds, nanoseconds = struct.unpack("2q", stamp[:16])
        lines = request.decode("latin-1").split("\r\n")
        host = next(line[6:] for line in lines if line.lower().startswith("host: ")).rsplit(":", 1)[0]
        path = lines[0].split(" ")[1]
        self.got[host].append((seconds + nanoseconds / 1e9, path))
        connection.sendall(self.answer(host, path))

    def close(self):
        os.write(self.end, b"x")
        self.thread.join()
        self.listener.close()
        os.close(self.ending)
        os.close(self.end)
