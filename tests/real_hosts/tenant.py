"""What a hostile program tries as the app's user, in the app's own process or beside it: the standard library alone.

Each try gives what it got; whatever it raises counts as nothing. It prints, or the app answers, {try: what it got or null} as JSON.
"""

import ctypes
import fcntl
import glob
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request

APP = "shop"
SRV, LIB, ETC, LOG, RUN = (f"{top}/slipway/{APP}" for top in ("/srv", "/var/lib", "/etc", "/var/log", "/run"))
LIBC = ctypes.CDLL(None, use_errno=True)
TRIES = {}
FILES = []  # the tries that root would get


def attempt(name):
    """Takes a function in under the name that docs/security.md has."""

    def keep(work):
        TRIES[name] = work
        return work

    return keep


def reading(name, *patterns):
    """A try to read any file that one of the patterns names; a folder that can't be looked into hides it."""
    FILES.append(name)
    TRIES[name] = lambda: [path for pattern in patterns for path in found(pattern) if opens(path)]


def found(pattern):
    return glob.glob(pattern) or ([] if "*" in pattern else [pattern])


def opens(path):
    try:
        with open(path, "rb") as file:
            return bool(file.read(1))
    except OSError:
        return False


def writing(name, *patterns):
    """A try to change a file, or to put another one in its place."""
    FILES.append(name)
    TRIES[name] = lambda: [path for pattern in patterns for path in found(pattern) if changes(path)]


def changes(path):
    """Whether it can be written, or another put in its place; it is as before afterwards."""
    for work in (lambda: open(path, "ab").close(), lambda: moves(path), lambda: links(path + ".part")):
        try:
            work()
            return True
        except OSError:
            continue
    return False


def moves(path):
    os.rename(path, path + ".away")
    os.rename(path + ".away", path)


def links(path):
    os.symlink("/etc", path)
    os.unlink(path)


def processes(word):
    """Those whose command line holds it and that aren't this user's, by number."""
    for folder in glob.glob("/proc/[0-9]*"):
        try:
            if word in pathlib.Path(folder, "cmdline").read_bytes() and os.stat(folder).st_uid != os.getuid():
                yield int(folder.rpartition("/")[2])
        except OSError:
            continue


def ends(*words):
    return [pid for word in words for pid in processes(word) if not os.kill(pid, signal.SIGTERM)]


def runs(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    return done.returncode == 0 and (done.stdout.strip() or "it ended well")


def syscall(number, *arguments):
    result = LIBC.syscall(number, *arguments)
    return result == 0


def asks(address, path, method="GET", **headers):
    request = urllib.request.Request(f"http://{address}{path}", method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=3) as answer:
        return answer.read().decode() or "an answer"


def speaks(path, words=b"GET / HTTP/1.0\r\n\r\n"):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(3)
        client.connect(path)
        client.send(words)
        answer = client.recv(100)
        return repr(answer) if answer else None


reading("read the passwords of the system", "/etc/shadow", "/etc/gshadow")
reading("read the database owner's password", f"{SRV}/data/passwords/*/owner.json", f"{SRV}/data/passwords/postgres/owner.json")
reading("read the database master's password", f"{SRV}/data/passwords/postgres/admin.json")
reading("read what a release keeps for its release command", f"{SRV}/releases/*/owner.json")
reading("read the database's files", f"{SRV}/data/postgres/PG_VERSION", f"{SRV}/data/postgres/*")
reading("read backups", f"{SRV}/backups/*/*", f"{SRV}/backups/*")
reading("read copies made before release commands", f"{SRV}/snapshots/*")
reading("read the store", "/var/lib/slipway/store/desired.json", "/var/lib/slipway/store/*")
reading("read secrets in the store", "/var/lib/slipway/store/secrets/*/*")
reading("read the certificate's key", f"{LIB}/certificates/*/key.pem", f"{LIB}/certificates/shop.example.org/key.pem")
reading("read the account at the certificate authority", f"{LIB}/acme/account/*", "/etc/letsencrypt/accounts/*/*/*/*")
reading("read the front server's log", f"{LOG}/front.log")
reading("read the release command's log", f"{LOG}/release.log")
reading("read the host tool's log", f"{LOG}/tool.log", f"{LOG}/supervisord.log")
reading("read the database's log", f"{LOG}/postgres.log")
reading("read the system's journal", "/var/log/journal/*/*", "/run/log/journal/*/*", "/var/log/syslog", "/var/log/auth.log")
reading("read keys of root and of people", "/root/.ssh/*", "/root/.ssh/authorized_keys", "/home/*/.ssh/*")
reading("read the host's own keys", "/etc/ssh/ssh_host_*_key")
reading("read root's environment", "/proc/1/environ", "/proc/1/mem")
reading("read the kernel's memory", "/proc/kcore", "/dev/mem", "/dev/kmem", "/dev/port")
reading("read disks past their file systems", "/dev/sd*", "/dev/vd*", "/dev/nvme*", "/dev/loop*", "/dev/mapper/*")
reading("read what the front server keeps of requests", f"{LIB}/front/body/*", f"{LIB}/front/proxy/*")
writing("change the host tool", "/opt/slipway/host.pyz", "/opt/slipway/next.pyz")
writing("change Supervisor, which root runs", "/opt/slipway/supervisor/bin/supervisord", "/opt/slipway/supervisor")
writing("change the library for buckets, which root runs", "/opt/slipway/store", "/opt/slipway/pip-*")
writing("change what this host is", "/etc/slipway/host.json", "/etc/slipway/boot.json")
writing("change what all hosts are to serve", "/var/lib/slipway/store/desired.json")
writing("put a release into the store", "/var/lib/slipway/store/releases/x")
writing("change the sources of a release", f"{SRV}/releases/*/src/*")
writing("change the environment of a release", f"{SRV}/venvs/*/bin/*", f"{SRV}/releases/*/venv")
writing("change what starts the server", f"{SRV}/releases/*/files/*")
writing("change a manifest", f"{SRV}/releases/*/manifest.json", f"{SRV}/releases/*/ready")
writing("put a release beside the others", f"{SRV}/releases/x", f"{SRV}/releases")
writing("change the front server's configuration", f"{ETC}/front", f"{SRV}/releases/*/etc/*")
writing("put the maintenance page up", f"{ETC}/maintenance.html")
writing("change which manager is in force", f"{ETC}/manager", f"{ETC}/supervisord.conf", f"{ETC}/programs/x.conf")
writing("flip to another colour", f"{RUN}/live")
writing("have a colour run another release", f"{RUN}/blue/release", f"{RUN}/green/release", f"{RUN}/blue", f"{RUN}/green")
writing("serve other static files", f"{RUN}/previous")
writing("change what is noted of what serves", f"{LIB}/state.json", f"{LIB}/candidate.json")
writing("note that a release command ran", f"{LIB}/released/x.json", f"{LIB}/released")
writing(
    "change what is noted of processes", f"{LIB}/processes/supervisord.json", f"{RUN}/front/process.json", f"{RUN}/database/postgres.json"
)
writing("say which front server runs", f"{RUN}/front/kind", f"{RUN}/front/pid")
writing("put a link where root makes the front server's folders", f"{LIB}/front/body", f"{LIB}/front")
writing("put a link where root makes folders", f"{SRV}/shared", f"{LIB}/build", LIB, SRV, ETC, RUN, LOG)
writing("write false lines into logs", f"{LOG}/front.log", f"{LOG}/release.log", f"{LOG}/blue.log", f"{LOG}/x.log")
writing("change the firewall", "/etc/slipway/firewall.nft")
writing(
    "change units of the system", "/etc/systemd/system/slipway.service", "/etc/systemd/system/x.service", "/run/systemd/system/x.service"
)
writing("have the clock start something", "/etc/cron.d/x", "/var/spool/cron/crontabs/x", "/etc/crontab")
writing("put a program where root looks for some", "/usr/local/bin/x", "/usr/local/sbin/x", "/etc/ld.so.preload", "/etc/profile.d/x.sh")
writing("change the rotation of logs", f"/etc/logrotate.d/slipway-{APP}")
writing("change sshd or sudo", "/etc/ssh/sshd_config.d/x.conf", "/etc/sudoers.d/x", "/etc/pam.d/x")
writing("change packages and their sources", "/etc/apt/sources.list.d/x.list", "/etc/apt/apt.conf.d/x", "/var/lib/dpkg/status")
writing("change the database's files", f"{SRV}/data/postgres/x", f"{SRV}/data/postgres")
writing("remove backups", f"{SRV}/backups/x", f"{SRV}/backups")
writing("change kernel settings", "/proc/sys/kernel/core_pattern", "/proc/sys/net/ipv4/ip_forward", "/proc/sysrq-trigger")
writing("lift its own limits", "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/system.slice/x")


@attempt("keep a file of root's under another name")
def hard_link():
    for path in ("/etc/shadow", "/opt/slipway/host.pyz", f"{SRV}/data/passwords/postgres/owner.json"):
        os.link(path, f"{SRV}/shared/kept")
        return path


@attempt("hold the host's lock, so that no release goes live")
def lock():
    with open(f"{LIB}/lock", "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return "held"


@attempt("hold the rollout's lock")
def rollout_lock():
    with open("/var/lib/slipway/store/rollout.lock", "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return "held"


@attempt("tell Supervisor what to do")
def supervisor():
    return speaks(f"{RUN}/supervisor.sock")


@attempt("tell systemd what to do")
def systemd():
    return runs("systemctl", "--no-ask-password", "stop", "ssh.service") or runs(
        "systemctl", "--no-ask-password", "restart", "slipway.service"
    )


@attempt("have systemd start a program as root")
def transient():
    return runs("systemd-run", "--no-ask-password", "--wait", "--pipe", "id", "-u")


@attempt("speak to systemd's private socket")
def private_socket():
    return speaks("/run/systemd/private")


@attempt("speak to a container engine")
def docker():
    return speaks("/var/run/docker.sock")


@attempt("be the database's master")
def database_master():
    user = b"admin"
    body = struct.pack("!I", 196608) + b"user\0" + user + b"\0database\0postgres\0\0"
    answer = speaks(f"{RUN}/database/.s.PGSQL.5432", struct.pack("!I", len(body) + 4) + body)
    return None if "SCRAM" in answer else answer


@attempt("ask Amazon's metadata service for the server's role")
def amazon():
    token = asks("169.254.169.254", "/latest/api/token", "PUT", **{"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    return asks("169.254.169.254", "/latest/meta-data/iam/security-credentials/", **{"X-aws-ec2-metadata-token": token})


@attempt("ask Google's metadata service")
def google():
    return asks("169.254.169.254", "/computeMetadata/v1/instance/service-accounts/default/token", **{"Metadata-Flavor": "Google"})


@attempt("ask Alibaba Cloud's metadata service")
def alibaba():
    return asks("100.100.100.200", "/latest/meta-data/ram/security-credentials/")


@attempt("ask a metadata service by another port or protocol")
def other_port():
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as client:
            client.settimeout(1)
            client.connect(("169.254.169.254", 8080))
            client.send(b"x")
            if kind == socket.SOCK_DGRAM:
                client.recv(1)
            return "sent"


@attempt("end the front server")
def end_front():
    return ends(b"nginx", b"apache2")


@attempt("end the manager")
def end_manager():
    return ends(b"supervisord") or (os.kill(1, signal.SIGTERM) is None and "process 1")


@attempt("end the host tool")
def end_tool():
    return ends(b"host.pyz")


@attempt("end the database")
def end_database():
    return ends(b"postgres")


@attempt("end processes that are not its own")
def end_all():
    found_ones = [int(name) for name in os.listdir("/proc") if name.isdigit() and os.stat(f"/proc/{name}").st_uid != os.getuid()]
    return [pid for pid in found_ones if can_signal(pid)]


def can_signal(pid):
    try:
        os.kill(pid, 0)
        return True
    except OSError:
        return False


@attempt("look into the front server by ptrace")
def trace_front():
    return [pid for pid in processes(b"nginx") if LIBC.ptrace(16, pid, None, None) == 0]  # PTRACE_ATTACH


@attempt("look into any process that is not its own")
def trace_all():
    others = [pid for word in (b"postgres", b"supervisord", b"host.pyz", b"sshd", b"cron") for pid in processes(word)]
    return [pid for pid in others if LIBC.ptrace(16, pid, None, None) == 0 or opens(f"/proc/{pid}/mem") or opens(f"/proc/{pid}/environ")]


@attempt("read the release command's environment while it runs")
def release_command():
    deadline = time.monotonic() + float(os.environ.get("TENANT_WAIT", "0"))
    while True:
        for folder in glob.glob("/proc/[0-9]*"):
            try:
                if b"owner:" in pathlib.Path(folder, "environ").read_bytes():
                    return folder
            except OSError:
                continue
        if time.monotonic() > deadline:
            return None
        time.sleep(0.05)


@attempt("take processor time from others")
def renice():
    os.setpriority(os.PRIO_PROCESS, 0, -10)
    return "done"


@attempt("be the last whom the kernel ends for its memory")
def spared():
    pathlib.Path("/proc/self/oom_score_adj").write_text("-900")
    return "done"


@attempt("be root")
def be_root():
    os.setuid(0)
    return os.getuid() == 0


@attempt("be root by sudo or su")
def sudo():
    return runs("sudo", "-n", "id") or runs("su", "-c", "id")


@attempt("be another user")
def be_another():
    for name in ("slipway-db", "slipway-front", "slipway-release", "slipway-build"):
        os.setuid(pwd.getpwnam(name).pw_uid)
        return name


@attempt("be in the front server's group")
def be_in_group():
    os.setgroups([os.stat(f"{LOG}").st_gid])
    return "done"


@attempt("give a file away with its rights")
def give_away():
    path = f"{SRV}/shared/tool"
    shutil.copy("/bin/sh", path)
    os.chmod(path, 0o4755)
    os.chown(path, 0, 0)
    return "done"


@attempt("mount something")
def mount():
    return LIBC.mount(b"tmpfs", f"{SRV}/shared".encode(), b"tmpfs", 0, None) == 0


@attempt("load a kernel module")
def module():
    return syscall(175, None, 0, b"") or runs("modprobe", "dummy")


@attempt("start another kernel, or none")
def reboot():
    return LIBC.reboot(0x0) == 0  # CAD_OFF


@attempt("change the clock or the host's name")
def clock():
    time.clock_settime(time.CLOCK_REALTIME, time.time())
    return "done"


@attempt("listen where the front server does")
def listen():
    with socket.socket() as server:
        server.bind(("0.0.0.0", 443))
        return "done"


@attempt("send packets of its own making")
def raw():
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP):
        return "done"


@attempt("change the firewall's rules in force")
def nft():
    return runs("nft", "list", "ruleset") or runs("nft", "flush", "ruleset")


@attempt("read the kernel's log")
def kernel_log():
    return LIBC.klogctl(3, ctypes.create_string_buffer(100), 100) > 0


@attempt("leave something that outlives a release at work")
def linger():
    return runs("loginctl", "--no-ask-password", "enable-linger", "slipway-app") or runs("crontab", "-l")


def run(names=TRIES):
    """What each of these tries got; None: nothing."""
    got = {}
    for name in names:
        work = TRIES[name]
        try:
            got[name] = repr(work() or None)
        except Exception:  # noqa: BLE001  refused in whatever way
            got[name] = "None"
    return {name: None if value == "None" else value for name, value in got.items()}


if __name__ == "__main__":
    print(json.dumps(run(FILES if "files" in sys.argv else TRIES)))
