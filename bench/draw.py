"""draw.py FILE: draws what bench/scale hands it as JSON."""

import json
import sys

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plot  # noqa: E402

told = json.load(sys.stdin)
figure, ((rate, memory), (groups, soak)) = plot.subplots(2, 2, figsize=(10, 7), layout="constrained")

connections = [each["connections"] for each in told["connections"]]
rate.plot(connections, [each["rate"] for each in told["connections"]], marker="o")
rate.set(title="Throughput on one core", xscale="log", xlabel="connections", ylabel="requests a second", ylim=0)
memory.plot(connections, [each["memory"] for each in told["connections"]], marker="o", color="tab:red")
memory.set(title="Memory", xscale="log", xlabel="connections", ylabel="MB (PSS)", ylim=0)

numbers = [each["groups"] for each in told["groups"]]
groups.plot(numbers, [each["rate"] for each in told["groups"]], marker="o", label="requests a second")
groups.set(title="Groups, over 64 connections", xscale="log", xlabel="groups", ylabel="requests a second", ylim=0)
calls = groups.twinx()
calls.plot(numbers, [each["calls"] for each in told["groups"]], marker="s", color="tab:green", label="calls to Graph for each list")
calls.set(ylabel="calls to Graph for each list", ylim=0)
lines = [*groups.get_lines(), *calls.get_lines()]
groups.legend(lines, [line.get_label() for line in lines], loc="lower right")

minutes = [sample["at"] / 60 for sample in told["soak"]]
soak.plot(minutes, [sample["memory"] for sample in told["soak"]], color="tab:red", label="memory, MB")
soak.plot(minutes, [sample["descriptors"] for sample in told["soak"]], color="tab:gray", label="descriptors")
soak.set(title="Soak", xlabel="minutes", ylim=0)
soak.legend(loc="lower right")

for each in (rate, memory, groups, soak):
    each.grid(alpha=0.3)
figure.savefig(sys.argv[1], dpi=80)
