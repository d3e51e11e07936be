#!/usr/bin/env python3
"""Holds what runner says against what is known, on this machine.

    benches/field/exact.py                 late starts at three rates, known response times, a stall

Late starts: arrivals at a rate against nginx, and by how much they began after their moment. Known response times: a server
that waits exactly so long and notes itself how long each response took it; its percentiles against those of the report. A
stall: a server that answers at once but for one second, in which it answers nothing; arrivals go on, so the latency from due
must be spread evenly over that second. Only 127.0.0.1 is sent to, and everything ends by itself.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
from field import PLAIN, ROOT, WORK, build_runner, machine, nginx

RESPONSE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CHECKED = (50, 90, 99)


class Server:
    """Answers on a port of its own, a thread for each connection; `delay()` says how long a response takes."""

    def __init__(self, delay):
        self.delay, self.took = delay, []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1000)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    def serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            while connection.recv(4096):
                begun = time.perf_counter()
                wait = self.delay()
                if wait > 0:
                    time.sleep(wait)
                # What is known is known when the response leaves.
                self.took.append(time.perf_counter() - begun)
                try:
                    connection.sendall(RESPONSE)
                except OSError:
                    return

    def close(self):
        self.listener.close()

    def percentile(self, percent):
        values = sorted(self.took)
        return values[min(len(values) - 1, int(len(values) * percent / 100))]


def run(name, scenario):
    """Runs a scenario; gives its run.json."""
    file, out = WORK / f"{name}.yaml", WORK / f"{name}-out"
    file.write_text(f"name: {name}\n{scenario}")
    shutil.rmtree(out, ignore_errors=True)
    binary = os.environ.get("RUNNER", ROOT / "target" / "release" / "runner")
    done = subprocess.run([binary, file, "--no-ui", "--workers", "1", "--out", out], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise SystemExit(f"{file}: exit code {done.returncode}\n{done.stderr}")
    return json.loads((out / "run.json").read_text())


def scenario(url, stages, model=""):
    return f"target: {{ url: '{url}' }}\nendpoints: [{{ name: get, get: / }}]\n{model}stages: [{{ {stages} }}]\n"


def micros(seconds):
    return f"{seconds * 1e6:,.0f}"


def late_starts():
    server = nginx()
    try:
        print("| arrivals/s | sent/s | late p50, µs | p99, µs | worst, µs | cores used | seconds near its limit |")
        print("|---:|---:|---:|---:|---:|---:|---:|")
        for rate in (1_000, 10_000, 30_000):
            found = run("late", scenario(f"http://127.0.0.1:{PLAIN}", f"rate: {rate}/s, ramp: 0s, hold: 15s", "max_users: 1000\n"))
            health = found["health"]
            late = [health["lateness"]["percentiles"][name]["value"] for name in ("p50", "p99", "max")]
            print(f"| {rate:,} | {found['total']['rate']:,.0f} | {' | '.join(map(micros, late))} | {health['cores_mean']:.2f} | {health['busy_seconds']} |", flush=True)
    finally:
        server.terminate()
        server.wait()


def known_times():
    print("\n| server waits, ms | requests | " + " | ".join(f"p{p}: server, runner, ms" for p in CHECKED) + " |")
    print("|---:|---:|" + "---:|" * len(CHECKED))
    for wait in (0.01, 0.1, 1.0):
        server = Server(lambda wait=wait: wait)
        found = run("known", scenario(server.url, "users: 10, ramp: 0s, hold: 10s"))
        server.close()
        said = found["total"]["percentiles"]
        pairs = [(server.percentile(p), said[f"p{p}"]["value"]) for p in CHECKED]
        print(f"| {wait * 1e3:.0f} | {found['total']['requests']} | " + " | ".join(f"{a * 1e3:.2f}, {b * 1e3:.2f}" for a, b in pairs) + " |", flush=True)


def stall():
    begun = []

    def delay():
        begun or begun.append(time.perf_counter())
        since = time.perf_counter() - begun[0]
        return max(0.0, 4 - since) if since >= 3 else 0.0

    server = Server(delay)
    found = run("stall", scenario(server.url, "rate: 200/s, ramp: 0s, hold: 10s", "max_users: 400\narrivals: even\n"))
    server.close()
    latency = found["total"]["latency"]["percentiles"]
    print("\nA second of ten without answers, 200 arrivals/s, latency from due, ms:", end=" ")
    print(", ".join(f"p{p} {latency[f'p{p}']['value'] * 1e3:.0f} ({max(0, 1000 - (100 - p) * 100)} expected)" for p in (90, 95, 98, 99)))


def main():
    WORK.mkdir(parents=True, exist_ok=True)
    if "RUNNER" not in os.environ:
        build_runner()
    print(machine() + "\n")
    late_starts()
    known_times()
    stall()


if __name__ == "__main__":
    main()
