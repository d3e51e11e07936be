#!/usr/bin/env python3
"""Runs load generators in turn against one nginx on this machine, and writes a table of what a request costs each.

    benches/field/field.py                 installs what is missing, three rounds, plain HTTP and HTTPS
    benches/field/field.py --only wrk,runner --rounds 5 --seconds 10

nginx has one worker on core 0, the generator core 1; 50 connections, kept alive, a body of 200 bytes. Both what nginx
has served and what CPU time the generator has used (user and system, threads and children included) are read at two moments
between the generator's start and its end, so that neither starting nor writing reports counts, and every generator is counted
by the same clock. The figure is CPU time per request, as a ratio to wrk, which is run anew just before each: on a machine that is
shared the speed of a core changes from minute to minute. The table has the median of the rounds. Requests per second are of the one
core. Only 127.0.0.1 is sent to, and every generator ends by itself.
"""

import argparse
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "target" / "field"
PLAIN, TLS, STATUS = 18080, 18443, 18081
BODY = '{"data":[{"id":"931234567-201701","type":"staffFeePrivileges","attributes":{"term":"201701","studentOsuId":"931234567"}}]}'.ljust(200)
HERTZ = os.sysconf("SC_CLK_TCK")


class Generator:
    """A load generator: how it is installed, and its command line for a URL, so many connections and seconds."""

    def __init__(self, name, command, install=lambda: None, https=True):
        self.name, self.command, self.install, self.https = name, command, install, https


def run(*command, **options):
    print("$", *command, file=sys.stderr)
    subprocess.run([str(word) for word in command], check=True, **options)


def apt(package, binary=None):
    def install():
        if not shutil.which(binary or package):
            run("apt-get", "install", "-y", "-qq", package, stdout=subprocess.DEVNULL)

    return install


def cargo_install(crate, version):
    def install():
        if not (WORK / "bin" / crate).exists():
            run("cargo", "install", "--quiet", "--locked", crate, "--version", version, "--root", WORK)

    return install


def build_goose():
    run("cargo", "build", "--quiet", "--release", "--manifest-path", HERE / "goose" / "Cargo.toml", "--target-dir", WORK / "goose")


def build_runner():
    run("cargo", "build", "--quiet", "--release", "--locked", "--manifest-path", ROOT / "Cargo.toml")


def install_locust():
    if not (WORK / "venv" / "bin" / "locust").exists():
        run(sys.executable, "-m", "venv", WORK / "venv")
        run(WORK / "venv" / "bin" / "pip", "install", "--quiet", "locust==2.47.0")


def goose(url, connections, seconds):
    host = url.rstrip("/")
    return [WORK / "goose" / "release" / "field-goose", "--host", host, "-u", connections, "-r", connections, "-t", f"{seconds}s",
            "--no-reset-metrics", "--no-print-metrics", "--accept-invalid-certs", "--quiet"]


def locust(user):
    def command(url, connections, seconds):
        return [WORK / "venv" / "bin" / "locust", "-f", HERE / "locustfile.py", user, "--headless", "--only-summary", "--host",
                url.rstrip("/"), "-u", connections, "-r", connections, "-t", f"{seconds}s", "--loglevel", "ERROR"]

    return command


def runner(scenario):
    def command(url, connections, seconds):
        file = WORK / f"{scenario.stem}-{'tls' if url.startswith('https') else 'plain'}.yaml"
        text = scenario.read_text().replace("URL", url.rstrip("/")).replace("USERS", str(connections)).replace("HOLD", f"{seconds}s")
        file.write_text(text)
        out = WORK / "out"
        shutil.rmtree(out, ignore_errors=True)
        binary = Path(os.environ.get("RUNNER", ROOT / "target" / "release" / "runner"))
        return [binary, file, "--no-ui", "--workers", 1, "--out", out]

    return command


GENERATORS = [
    Generator("wrk", lambda url, c, s: ["wrk", "-t1", f"-c{c}", f"-d{s}s", url], apt("wrk")),
    Generator("runner", runner(HERE / "plain.yaml"), build_runner),
    Generator("runner, templates and a capture", runner(HERE / "mixed.yaml"), build_runner),
    Generator("oha", lambda url, c, s: [WORK / "bin" / "oha", "--no-tui", "--insecure", "-c", c, "-z", f"{s}s", url], cargo_install("oha", "1.16.0")),
    Generator("hey", lambda url, c, s: ["hey", "-c", c, "-z", f"{s}s", url], apt("hey")),
    Generator("Goose", goose, build_goose),
    Generator("Locust, FastHttpUser", locust("Fast"), install_locust),
    Generator("Locust, HttpUser", locust("Plain"), install_locust),
]


def nginx(workers=1):
    """Starts nginx, its one worker on core 0 or more of them on any, and waits until it answers."""
    folder = WORK / "nginx"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "key.pem").exists():
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650", "-subj",
            "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", folder / "key.pem", "-out",
            folder / "cert.pem", stderr=subprocess.DEVNULL)
    body = BODY.replace("'", "")
    (folder / "nginx.conf").write_text(f"""
daemon off; master_process {"off" if workers == 1 else "on"}; worker_processes {workers}; worker_rlimit_nofile 65536; pid {folder}/pid; error_log {folder}/error.log crit;
events {{ worker_connections 60000; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h; default_type application/json;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; ssl_protocols TLSv1.3;
  server {{ listen 127.0.0.1:{PLAIN} backlog=65535; listen 127.0.0.1:{TLS} ssl backlog=65535; location / {{ return 200 '{body}'; }} }}
  server {{ listen 127.0.0.1:{STATUS}; location / {{ stub_status; }} }}
}}""")
    pinned = ["taskset", "-c", "0"] if workers == 1 else []
    server = subprocess.Popen([*pinned, "nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    for _ in range(100):
        try:
            served()
            return server
        except OSError:
            time.sleep(0.05)
    raise SystemExit("nginx does not answer")


def served():
    """Requests that nginx has served, without those that ask for this."""
    served.asked = getattr(served, "asked", 0) + 1
    with urllib.request.urlopen(f"http://127.0.0.1:{STATUS}/", timeout=5) as answer:
        counts = re.findall(r"^ *(\d+) (\d+) (\d+)", answer.read().decode(), re.M)
    return int(counts[0][2]) - served.asked


def tree(pid):
    """A process and all that it started."""
    found, ahead = [], [pid]
    while ahead:
        pid = ahead.pop()
        found.append(pid)
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                ahead += [int(child) for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split()]
        except OSError:
            pass
    return found


def used(pid):
    """CPU seconds of a process and its children, and their resident memory in MB."""
    seconds = memory = 0
    for each in tree(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
            seconds += (int(fields[11]) + int(fields[12])) / HERTZ
            memory += int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        except (OSError, IndexError):
            pass
    return seconds, memory


def measure(generator, url, connections, seconds):
    """Microseconds of CPU per request, requests per second, resident MB."""
    command = [str(word) for word in generator.command(url, connections, seconds + 3)]
    started = subprocess.Popen(["taskset", "-c", "1", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=WORK)
    try:
        time.sleep(2)
        at, count, (cpu, _) = time.monotonic(), served(), used(started.pid)
        time.sleep(seconds)
        at, count, (cpu_now, memory) = time.monotonic() - at, served() - count, used(started.pid)
        if started.poll() is not None or count == 0:
            raise RuntimeError(f"{generator.name} sent nothing, or ended too early: {' '.join(command)}")
        started.wait(timeout=60)
    finally:
        if started.poll() is None:
            started.send_signal(signal.SIGKILL)
            started.wait()
    return (cpu_now - cpu) / count * 1e6, count / at, memory


def table(results, title):
    """`results`: by generator, pairs of what was measured of it and of the first just before."""
    first = next(iter(results))
    lines = [f"| {title} | CPU µs per request | × {first} | requests/s of one core | resident MB |", "|---|---:|---:|---:|---:|"]
    for name, rounds in results.items():
        if not rounds:
            lines.append(f"| {name} | – | – | – | – |")
            continue
        ratios = [own[0] / base[0] for own, base in rounds]
        cost, rate, memory = (statistics.median(values) for values in zip(*(own for own, _ in rounds)))
        spread = f" ({min(ratios):.2f} to {max(ratios):.2f})" if name != first else ""
        lines.append(f"| {name} | {cost:.1f} | {statistics.median(ratios):.2f}{spread} | {rate:,.0f} | {memory:.0f} |")
    return "\n".join(lines)


def rounds(chosen, url, connections, seconds, count):
    """Measures each generator so many times, and the first of them just before each."""
    first, *others = chosen
    results = {generator.name: [] for generator in chosen}
    for number in range(count):
        for generator in others or [first]:
            try:
                base = measure(first, url, connections, seconds)
                own = measure(generator, url, connections, seconds) if others else base
            except RuntimeError as error:
                print(error, file=sys.stderr)
                continue
            results[first.name].append((base, base))
            if others:
                results[generator.name].append((own, base))
            print(f"{url} round {number + 1}: {generator.name} {own[0]:.2f} µs, {first.name} {base[0]:.2f} µs", file=sys.stderr, flush=True)
    return results


def machine():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, {model[1] if model else platform.machine()}"


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("--rounds", type=int, default=3)
    parse.add_argument("--seconds", type=int, default=8)
    parse.add_argument("--connections", type=int, default=50)
    parse.add_argument("--only", default="", help="names, separated by commas; `runner` is all of ours")
    parse.add_argument("--no-tls", action="store_true")
    parse.add_argument("--no-plain", action="store_true")
    parse.add_argument("--no-install", action="store_true")
    wish = parse.parse_args()
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("two cores are needed: one for nginx, one for the generator")
    WORK.mkdir(parents=True, exist_ok=True)
    named = [name.strip().lower() for name in wish.only.split(",") if name.strip()]
    chosen = [g for g in GENERATORS if not named or any(g.name.lower().startswith(name) for name in named)]
    if not wish.no_install:
        apt("nginx")()
        for generator in chosen:
            generator.install()
    server = nginx()
    try:
        print(f"{machine()}; {wish.connections} connections, {wish.rounds} rounds of {wish.seconds} s.\n")
        for title, url in [("HTTP", f"http://127.0.0.1:{PLAIN}/"), ("HTTPS", f"https://127.0.0.1:{TLS}/")]:
            if (title == "HTTP" and wish.no_plain) or (title == "HTTPS" and wish.no_tls):
                continue
            results = rounds(chosen, url, wish.connections, wish.seconds, wish.rounds)
            print(table(results, title), end="\n\n", flush=True)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
