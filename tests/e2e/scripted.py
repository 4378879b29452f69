"""scripted.py - a web of our own, down to the bytes: a row an address, on 127.0.0.N for site N, all on one port. What a web server would
never send (no status line, a cut body, headers without end) is what some rows are for."""
import socket
import ssl
import threading


def answer(status=200, headers=(), body=b""):
    """A whole answer. body: bytes or text."""
    body = body.encode() if isinstance(body, str) else body
    head = "HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n" % (status, len(body), "".join(h + "\r\n" for h in headers))
    return head.encode("latin-1") + body


class Web:
    """rows: (host, path) -> bytes to be sent, or a function of the request's headers (names in lower case) that gives them. Bytes that are no
    whole answer close the connection behind them."""

    def __init__(self, certificate=None):
        self.rows, self.asked = {}, []  # asked: (host, path)
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(certificate + ".pem", certificate + ".key")
        self.listener = socket.socket()
        self.listener.bind(("0.0.0.0", 0))
        self.listener.listen(100)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def url(self, site, path="/"):
        return "%s://127.0.0.%d:%d%s" % ("https" if self.tls else "http", site, self.port, path)

    def put(self, site, path, row):
        self.rows["127.0.0.%d" % site, path] = row

    def paths(self, site):
        return [path for host, path in self.asked if host == "127.0.0.%d" % site]

    def accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            while self.one(connection):
                pass
        except OSError:
            pass
        finally:
            connection.close()

    def one(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65536)
            if not piece:
                return False
            head += piece
        first, *lines = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        path = first.split(" ")[1]
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        host = headers["host"].rsplit(":", 1)[0]
        self.asked.append((host, path))
        row = self.rows.get((host, path), answer(404))
        row = row(headers) if callable(row) else row
        connection.sendall(row)
        _, found, body = row.partition(b"\r\n\r\n")
        return bool(found) and b"Content-Length: %d\r\n" % len(body) in row

    def close(self):
        self.listener.close()
