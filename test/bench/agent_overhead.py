"""Median inference as the agent tells it, and in a bare loop around the same interpreter: AGENT LIBRARY MODEL ROUNDS."""

import json
import os
import statistics
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "agent"))
from stand_in import load_agent  # noqa: E402

RUNS = 400
agent_file, os.environ["MDT_TFLITE_C"], model, rounds = sys.argv[1:5]
agent = load_agent(agent_file)
job = {"models": [{"name": "m", "file": model}], "runtime": "tflite_c", "device": None, "threads": 1,
       "delegate": "cpu", "seed": 12345, "warmup": 0, "runs": RUNS, "durationMs": None, "copies": False}
told = []
stream = agent.Stream(job, 0, lambda message: told.extend(message.get("ns", [])))
library, handle = stream.models[0][1].lib, agent.ctypes.c_void_p(stream.models[0][1].handle)


def by_agent():
    del told[:]
    stream.measure()
    return statistics.median(told) / 1e6


def bare():
    clock, invoke, times = agent.clock, library.InterpreterInvoke, []
    for _ in range(RUNS):
        begin = clock()
        invoke(handle)
        times.append(clock() - begin)
    return statistics.median(times) * 1e3


by_agent(), bare()
pairs = [(by_agent(), bare()) if number % 2 else (bare(), by_agent())[::-1] for number in range(int(rounds))]
print(json.dumps({"ours": [pair[0] for pair in pairs], "peer": [pair[1] for pair in pairs]}))
