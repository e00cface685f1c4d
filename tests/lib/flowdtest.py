"""A flowd for one test: its configuration, its ports, its process."""

import contextlib
import itertools
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import time
from signal import SIGCONT, SIGHUP, SIGKILL, SIGSTOP, SIGTERM

import flowlog
import tap

COLLECTOR = "collector: "	# how the first one's messages begin
ANY_COLLECTOR = re.compile(r"^collector( \d+)?: ")
PATIENCE = 30		# seconds; a sanitizer build on a busy machine is slow
SOCKETS_MAX = 128		# of exporters that keep their port
SANITIZER = re.compile(r"^==\d+==ERROR: |: runtime error: ", re.MULTILINE)

_PLACES = "logfile|logsock|pidfile|statefile|crashdump|control|socket ="

# For a collector in a chroot, where LeakSanitizer has no /proc.
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS":
               os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


def wait_for(condition, what, seconds=PATIENCE, pause=0.01):
    """Calls condition until it returns a true value, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"did not happen within {seconds} s: {what}")
        time.sleep(pause)


def free_port(address="127.0.0.1"):
    """Returns a UDP port that nothing is bound to at this moment."""
    with _udp(address) as sock:
        sock.bind((address, 0))
        return sock.getsockname()[1]


def free_ports(addresses):
    """Returns such a port of each address, and none twice."""
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(_udp(a)) for a in addresses]
        for sock, address in zip(socks, addresses):
            sock.bind((address, 0))
        return [sock.getsockname()[1] for sock in socks]


def _udp(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.socket(family, socket.SOCK_DGRAM)


def endpoint(address, port):
    """Returns ADDR:PORT in the form of flowd.conf."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def transplant(text, directory):
    """Moves the files that a configuration names below a directory, except
    those that it includes, and creates the directories for them."""
    def move(match):
        if match[2].startswith(str(directory)):
            return match[0]
        there = pathlib.Path(directory, match[2].lstrip("/"))
        there.mkdir(parents=True, exist_ok=True)
        return f"{match[1]}{there}/"

    text = re.sub(r"""(\b(?:%s) ["']?)(/(?:[^\s"'/]+/)*)""" % _PLACES, move,
                  text)
    for path in re.findall(r'\bcrashdump "([^"]+)"', text):
        os.makedirs(path, exist_ok=True)
    return text


def send(datagram, address, port, source=None):
    """Sends one datagram, from the address source if there is one."""
    with _udp(address) as sock:
        if source is not None:
            sock.bind((source, 0))
        sock.sendto(datagram, (address, port))


def make_variable(name):
    """Returns a variable of the build's Makefile."""
    text = (tap.BUILD / "Makefile").read_text()
    return re.search(rf"^{name} = (.*)$", text, re.MULTILINE)[1].strip()


def has_privsep():
    """Returns whether flowd can drop root here: a user and a chroot exist."""
    try:
        pwd.getpwnam(make_variable("PRIVSEP_USER"))
    except KeyError:
        return False
    return (os.geteuid() == 0 and
            os.path.isdir(make_variable("PRIVSEP_PATH")))


def is_sanitized():
    """Returns whether the programs under test are built with sanitizers."""
    return "-fsanitize=" in make_variable("CFLAGS")


def has_ipv6():
    """Returns whether [::1] can be bound."""
    try:
        free_port("::1")
    except OSError:
        return False
    return True


class Flowd:
    """Runs flowd -g with a log, a pidfile and a listener for each address.

        with Flowd("store ALL") as flowd:
            flowd.send(datagram)
            flows = flowd.wait_flows(1)

    Statements are added to the configuration; @DIR@ in them stands for the
    temporary directory, and @PORT@ for the first listener's port.  names are
    those of the first listeners.  Leaving the
    block stops flowd and removes the directory.  The test fails if flowd did
    not end normally."""

    def __init__(self, *statements, listen=("127.0.0.1",), names=(),
                 log=True, args=(), prefix=()):
        self._tmp = tap.TemporaryDirectory(prefix="flowd-test-")
        self.dir = pathlib.Path(self._tmp.name)
        self.conf = self.dir / "flowd.conf"
        self.log = self.dir / "flowd.log"
        self.pidfile = self.dir / "flowd.pid"
        self.stderr = self.dir / "stderr"
        self.statements = statements
        self.addresses = listen
        self.names = names
        self.with_log = log
        self.args = list(args)
        self.program = tap.program("flowd")
        self.variables = {}		# of flowd's environment
        self.prefix = list(prefix)	# a command that runs flowd
        # Without a user to change to, root must stay root.  LeakSanitizer
        # works only without a chroot.
        self.insecure = os.geteuid() == 0 and (
            not has_privsep() or is_sanitized())
        self.ports = []
        self.sockets = {}		# of exporters, by their address
        self.process = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self._discard()
            raise
        return self

    def __exit__(self, exc_type, exc, traceback):
        try:
            if exc_type is None:
                self.stop()
            elif self.stderr.exists() and not tap.KEEP:
                print("# flowd said:", flush=True)
                for line in self.stderr_lines():
                    print(f"#   {line}", flush=True)
        finally:
            self._discard()

    def _discard(self):
        for sock in self.sockets.values():
            sock.close()
        if self.process is not None and self.process.poll() is None:
            # The monitor first: it would log that its child was killed.
            for pid in [self.process.pid, *self.children()]:
                _kill(pid)
            self.process.wait()
        self._tmp.cleanup()

    @property
    def port(self):
        """The port of the first listener."""
        return self.ports[0]

    def command(self, *args):
        """Returns flowd's command line, with the options that it needs
        here."""
        insecure = ["-X", "INSECURE"] if self.insecure else []
        return [*self.prefix, self.program, *insecure,
                *args, *self.args, "-f", str(self.conf)]

    def environment(self):
        """Returns flowd's environment, in which it looks for leaks if it
        can."""
        unconfined = self.insecure or os.geteuid() != 0
        return {**(os.environ if unconfined else ENVIRONMENT),
                **self.variables}

    def write_conf(self, *statements):
        """Writes flowd.conf: the fixed statements, then these."""
        names = [f" name {name}" if name else "" for name in self.names]
        lines = [f"listen on {endpoint(a, p)}{name}" for a, p, name in
                 zip(self.addresses, self.ports,
                     itertools.chain(names, itertools.repeat("")))]
        lines.append(f'pidfile "{self.pidfile}"')
        if self.with_log:
            lines.append(f'logfile "{self.log}"')
        port = str(self.port) if self.ports else "@PORT@"
        lines += [s.replace("@DIR@", str(self.dir)).replace("@PORT@", port)
                  for s in statements]
        self.conf.write_text("".join(line + "\n" for line in lines))

    def configure(self):
        """Chooses free ports and writes flowd.conf."""
        self.ports = free_ports(self.addresses)
        self.write_conf(*self.statements)

    def start(self):
        """Starts flowd and returns when it is ready to receive."""
        for _ in range(5):
            self.configure()
            self.launch("wb")
            wait_for(lambda: self.pid() or self.process.poll() is not None,
                     f"flowd writes {self.pidfile}")
            if self.process.poll() is None:
                return
            # Another process may have bound the port in the meantime.
            if "in use" not in self.stderr.read_text("utf-8"):
                break
        raise AssertionError("flowd did not start: " +
                             "; ".join(self.stderr_lines()))

    def launch(self, mode="ab"):
        """Runs flowd with the present configuration."""
        with open(self.stderr, mode) as stderr:
            self.process = subprocess.Popen(
                self.command("-g"), stdin=subprocess.DEVNULL,
                stdout=stderr, stderr=stderr,
                env=self.environment())

    def pid(self):
        """Returns the process in the pidfile, or None without a pidfile."""
        try:
            return int(self.pidfile.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def children(self):
        """Returns the monitor's child processes, read from /proc."""
        pid = self.pid() or self.process.pid
        try:
            text = pathlib.Path(
                f"/proc/{pid}/task/{pid}/children").read_text()
        except OSError:
            return []
        return [int(word) for word in text.split()]

    def collector(self):
        """Returns the collector's process."""
        return wait_for(self.children, "the monitor has a child")[0]

    def memory(self):
        """Returns the collector's resident memory in MiB, read from /proc."""
        text = pathlib.Path(f"/proc/{self.collector()}/status").read_text()
        return int(re.search(r"^VmRSS:\s*(\d+) kB", text,
                             re.MULTILINE)[1]) // 1024

    def receive_buffer(self):
        """Returns the size in bytes of the receive buffer that flowd logged
        last."""
        return int(re.findall(r"receive buffer (\d+) bytes",
                              "\n".join(self.stderr_lines()))[-1])

    def paused(self):
        """Stops the collector during the block, so that datagrams queue up."""
        return stopped(self.collector())

    def send(self, datagram, source=None, listener=0):
        """Sends one datagram to a listener."""
        send(datagram, self.addresses[listener], self.ports[listener], source)

    def send_steadily(self, datagram, source, process=0):
        """Sends one datagram from the port that earlier ones of this process
        of the exporter came from, as long as there are few."""
        sock = self.sockets.pop((source, process), None)
        if sock is None:
            sock = _udp(self.addresses[0])
            sock.bind((source, 0))
        self.sockets[source, process] = sock
        if len(self.sockets) > SOCKETS_MAX:
            self.sockets.pop(next(iter(self.sockets))).close()
        sock.sendto(datagram, (self.addresses[0], self.ports[0]))

    def signal(self, number):
        """Signals the process in the pidfile."""
        os.kill(self.pid(), number)

    def reload(self, *statements):
        """Makes flowd reload a flowd.conf with these statements."""
        self.write_conf(*statements)
        self.expect("new configuration in force", SIGHUP)

    def expect(self, text, number):
        """Signals flowd, and waits for one more line that contains text."""
        def said():
            return sum(text in line for line in self.stderr_lines())

        before = said()
        self.signal(number)
        wait_for(lambda: said() > before, f"flowd logs {text!r} once more")

    def flows(self, path=None):
        """Returns the whole records of the log (or of another file) as
        dicts."""
        try:
            data = (path or self.log).read_bytes()
        except FileNotFoundError:
            return []
        return flowlog.decode(data, torn=True)

    def wait_flows(self, count, path=None):
        """Returns the log's flows once there are count; more is an error."""
        wait_for(lambda: len(self.flows(path)) >= count,
                 f"{count} flows in the log")
        flows = self.flows(path)
        if len(flows) != count:
            raise AssertionError(f"{len(flows)} flows, expected {count}")
        return flows

    def stderr_lines(self):
        """Returns the messages of all of flowd's processes so far."""
        text = self.stderr.read_text("utf-8", errors="replace")
        return [ANY_COLLECTOR.sub("", l) for l in text.splitlines()]

    def wait_stderr(self, text):
        """Returns the first line of standard error that contains text."""
        return wait_for(
            lambda: next((l for l in self.stderr_lines() if text in l), None),
            f"flowd logs {text!r}")

    def stop(self, number=SIGTERM):
        """Stops flowd, and asserts that it ended normally."""
        if self.process is None:
            return
        if self.process.poll() is None:
            os.kill(self.pid() or self.process.pid, number)
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired as exc:
            raise AssertionError("flowd did not end") from exc
        said = "\n".join(self.stderr_lines())
        if status != 0:
            raise AssertionError(f"flowd's exit status is {status}: {said}")
        if SANITIZER.search(said):
            raise AssertionError(f"a sanitizer reports: {said}")
        if self.pidfile.exists():
            raise AssertionError("the pidfile was not removed")


def state(pid):
    """Returns the state letter of a process from /proc."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    return stat.rpartition(") ")[2][:1]


@contextlib.contextmanager
def stopped(pid):
    """Stops a process during the block."""
    os.kill(pid, SIGSTOP)
    try:
        wait_for(lambda: state(pid) == "T", "the process has stopped")
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, SIGCONT)


def _kill(pid):
    try:
        os.kill(pid, SIGKILL)
    except ProcessLookupError:
        pass


def need(*programs):
    """Returns the first of these programs that is not installed, or None."""
    return next((p for p in programs if shutil.which(p) is None), None)
