"""`cmake --install` places program, units, manual pages and example configuration below DESTDIR, and a role runs from there as an
ordinary user."""
import os
import subprocess
import urllib.request

import harness

NOBODY = 65534


def install(folder):
    dest = folder / "dest"
    build = os.environ.get("TIDINGS_BUILD") or os.path.join(harness.ROOT, "build")
    subprocess.run(["cmake", "--install", build], check=True, env={**os.environ, "DESTDIR": dest}, stdout=subprocess.PIPE)
    return dest


def find(dest, name):
    found = [os.path.join(where, name) for where, _, files in os.walk(dest) if name in files]
    assert found, "%s was not installed" % name
    return found[0]


def as_ordinary_user(command):
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", *command]


def test_everything_is_placed(folder):
    dest = install(folder)
    for name in ("tidings", "tidings.1", "tidings.yaml.5", "tidings-crawler@.service", "tidings-extractor@.service", "tidings-loader@.service"):
        find(dest, name)
    configs = [os.path.join(where, f) for where, _, files in os.walk(dest) for f in files if f == "tidings.yaml"]
    assert any("/etc/" in c for c in configs) and any("/doc/" in c for c in configs), configs
    unit = open(find(dest, "tidings-loader@.service")).read()
    etc = next(c for c in configs if "/etc/" in c)[len(str(dest)):]
    assert "Type=notify" in unit and etc in unit and find(dest, "tidings")[len(str(dest)):] in unit

    with open(next(c for c in configs if "/etc/" in c), "a") as f:
        f.write("# mine\n")
    install(folder)
    assert open(next(c for c in configs if "/etc/" in c)).read().endswith("# mine\n"), "a configuration was overwritten"


def test_a_role_runs_as_an_ordinary_user(folder, started):
    kafka, redis = started(harness.Kafka(folder)), started(harness.Redis(folder))
    os.chmod(redis.dir, 0o755)
    os.chmod(redis.socket, 0o777)
    config = harness.write_config(folder, kafka, redis)
    program = find(install(folder), "tidings")
    harness.ask("topics", "create", "--config", config)
    err = open(folder / "loader.err", "wb")
    role = subprocess.Popen(as_ordinary_user([program, "loader", "--config", config]), stderr=err, stdin=subprocess.DEVNULL)
    try:
        text = lambda: open(folder / "loader.err").read()
        harness.wait_until(lambda: "the role to be ready:\n" + text(), 60, lambda: "ready worker=" in text() or role.poll() is not None)
        port = int(text().split("health listening at=127.0.0.1:")[1].split()[0])
        assert urllib.request.urlopen("http://127.0.0.1:%d/readyz" % port, timeout=10).status == 200
        assert b"tidings_build_info" in urllib.request.urlopen("http://127.0.0.1:%d/metrics" % port, timeout=10).read()
        role.terminate()
        assert role.wait(40) == 0, text()
    finally:
        if role.poll() is None:
            role.kill()
            role.wait()
