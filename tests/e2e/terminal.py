"""terminal.py - a terminal for a program under test: a pty of a given size, and the screen that its output makes. It knows the few
escape sequences that the live view uses; any other one, or another control character, is a failure of the program."""
import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import unicodedata

SEQUENCE = re.compile(r"\x1b\[(\??[0-9;]*)([A-Za-z])")
KNOWN = {"?1049h", "?1049l", "?25l", "?25h", "H", "2J", "K", "J", "1m", "0m"}
# What may change the order or the look of other text: bidi controls, and everything that is not printed.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def width(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Terminal:
    """command runs on a terminal of columns x rows; its standard error leads to a file when `errors` names one."""

    def __init__(self, command, columns=80, rows=24, env=None, errors=None):
        self.lock = threading.Lock()
        self.bytes = b""
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        err = open(errors, "wb") if errors else None
        environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "LC_ALL", "LANG", "LC_CTYPE")}
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=err or slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                                        env={**environment, "TERM": "xterm", "LC_ALL": "C.UTF-8", **(env or {})})
        os.close(slave)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            try:
                select.select([self.master], [], [])
                data = os.read(self.master, 65536)
            except OSError as e:
                if e.errno in (errno.EIO, errno.EBADF):
                    return
                raise
            if not data:
                return
            with self.lock:
                self.bytes += data

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def output(self):
        with self.lock:
            return self.bytes.decode("utf-8", "replace")

    def frames(self):
        """The texts that were drawn over one another, each a list of lines, without the last one unless it is whole."""
        out = self.output()
        for argument, letter in SEQUENCE.findall(out):
            assert argument + letter in KNOWN, "escape sequence %r" % (argument + letter)
        frames = []
        for part in re.split(r"\x1b\[H(?!\x1b\[2J)", out)[1:]:
            if "\x1b[J" in part:
                frames.append([SEQUENCE.sub("", line) for line in re.split("\r+\n", part.split("\x1b[J")[0])])
        return frames

    def frame(self):
        frames = self.frames()
        return frames[-1] if frames else []

    def text(self):
        return "\n".join(self.frame())

    def check(self, columns, rows):
        """The last frame fits, and holds nothing but text."""
        frame = self.frame()
        assert 0 < len(frame) <= rows, frame
        for line in frame:
            assert width(line) <= columns and not FORBIDDEN.search(line), repr(line)

    def signal(self, number):
        """As the keyboard does: to the whole foreground group."""
        if number == signal.SIGINT:
            self.type("\x03")
        else:
            os.killpg(self.process.pid, number)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
