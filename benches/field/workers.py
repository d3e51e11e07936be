#!/usr/bin/env python3
"""Holds a second worker against a second process, on this machine.

    benches/field/workers.py [rounds]      closed model over HTTP and HTTPS, and 20,000 arrivals/s

Two processes share nothing. So if two workers of one process take as much CPU time per request as two processes of one worker,
with half of the load each, they share nothing that costs, and where there are cores for both they do twice of what one does. On
two cores the server has to run beside them, so requests per second cannot show it. nginx has two workers; all run in turn, and
the ratio is of what ran in one round. Only 127.0.0.1 is sent to, and everything ends by itself.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from field import PLAIN, ROOT, TLS, WORK, build_runner, machine, nginx, served, used

BINARY = os.environ.get("RUNNER", ROOT / "target" / "release" / "runner")
SECONDS = 5
SETUPS = {
    "one process, one worker": (1, 1),
    "one process, two workers": (1, 2),
    "two processes, one worker each": (2, 1),
}


def write(file, url, open_model, share):
    """A scenario with its share of the load."""
    users, rate = 100 // share, 20_000 // share
    model, level = ("max_users: 400\n", f"rate: {rate}/s") if open_model else ("", f"users: {users}")
    file.write_text(f"name: workers\ntarget: {{ url: '{url}', tls: {{ verify: false }} }}\nendpoints: [{{ name: get, get: / }}]\n{model}"
                    f"stages: [{{ {level}, ramp: 0s, hold: {SECONDS + 3}s }}]\n")


def measure(url, open_model, processes, workers):
    """Microseconds of CPU per request, and requests per second."""
    started = []
    for number in range(processes):
        file, out = WORK / f"workers-{number}.yaml", WORK / f"workers-{number}"
        write(file, url, open_model, processes)
        shutil.rmtree(out, ignore_errors=True)
        command = [BINARY, file, "--no-ui", "--workers", str(workers), "--out", out]
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def now():
        return time.monotonic(), served(), sum(used(process.pid)[0] for process in started)

    try:
        time.sleep(1.5)
        at, count, cpu = now()
        time.sleep(SECONDS)
        at, count, cpu = (after - before for after, before in zip(now(), (at, count, cpu)))
        if any(process.poll() is not None for process in started):
            raise SystemExit("runner ended too early")
    finally:
        codes = [process.wait(timeout=60) for process in started]
    if any(codes):
        raise SystemExit(f"exit codes {codes}")
    return cpu / count * 1e6, count / at


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    WORK.mkdir(parents=True, exist_ok=True)
    if "RUNNER" not in os.environ:
        build_runner()
    server = nginx(workers=2)
    try:
        print(f"{machine()}; {rounds} rounds of {SECONDS} s.\n")
        print("| load | | CPU µs per request | × two processes | requests/s |\n|---|---|---:|---:|---:|")
        for load, url, open_model in [
            ("HTTP, 100 users", f"http://127.0.0.1:{PLAIN}", False),
            ("HTTPS, 100 users", f"https://127.0.0.1:{TLS}", False),
            ("HTTP, 20,000 arrivals/s", f"http://127.0.0.1:{PLAIN}", True),
        ]:
            results = {name: [] for name in SETUPS}
            for _ in range(rounds):
                for name, setup in SETUPS.items():
                    results[name].append(measure(url, open_model, *setup))
            base = results["two processes, one worker each"]
            for name, found in results.items():
                ratios = [own[0] / other[0] for own, other in zip(found, base)]
                cost, rate = (statistics.median(values) for values in zip(*found))
                print(f"| {load} | {name} | {cost:.1f} | {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) | {rate:,.0f} |", flush=True)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
