"""Unit tests of the agent's parts: python3 -m unittest test_agent, with MDT_AGENT naming the file (see agent-unit.test.ts)."""

import json
import os
import random
import shutil
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stand_in import load_agent  # noqa: E402

agent = load_agent(os.environ["MDT_AGENT"])

RUN = {"type": "run", "id": "1", "models": [{"path": "/m", "name": "m", "edgetpu": False}], "target": "cpu",
       "tpu": None, "runs": 10, "durationMs": None, "warmup": 0, "streams": 1, "interleave": False, "threads": None,
       "governor": None, "telemetryIntervalMs": 100, "seed": 12345, "copies": False}


class Tree(unittest.TestCase):
    """A pretend board in a folder."""

    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)

    def put(self, path, content):
        path = self.root + path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(content)

    def apex(self, number=0, temp="45000", poll="5000"):
        base = "/sys/class/apex/apex_%d/" % number
        self.put(base + "temp", temp + "\n")
        self.put(base + "temp_poll_interval", poll + "\n")
        for trip, value in enumerate((85000, 90000, 95000)):
            self.put(base + "trip_point%d_temp" % trip, "%d\n" % value)

    def telemetry(self):
        return agent.Board(self.root).telemetry()


class Readers(Tree):
    def test_a_board_without_anything_tells_null(self):
        told = self.telemetry()
        told.pop("atNs")
        self.assertEqual(set(told.values()), {None})

    def test_temperatures_and_trip_points_are_read(self):
        self.apex()
        self.put("/sys/class/thermal/thermal_zone0/temp", "51000\n")
        self.put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "ondemand\n")
        self.put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1500000\n")
        told = self.telemetry()
        self.assertEqual(told["tpuTempMilliC"], [45000])
        self.assertEqual((told["cpuTempMilliC"], told["cpuFreqKHz"], told["governor"]), (51000, 1500000, "ondemand"))
        self.assertIs(told["throttled"], False)

    def test_a_hot_chip_is_throttled_unless_nobody_looks(self):
        self.apex(temp="86000")
        self.assertIs(self.telemetry()["throttled"], True)
        self.apex(temp="86000", poll="0")
        self.assertIs(self.telemetry()["throttled"], False)

    def test_a_dead_link_has_no_temperature(self):
        self.apex(temp="-89700")
        self.assertEqual(self.telemetry()["tpuTempMilliC"], [None])
        self.assertIsNone(self.telemetry()["throttled"])

    def test_nonsense_in_files_is_null(self):
        self.apex(temp="hot")
        self.put("/sys/class/thermal/thermal_zone0/temp", "\xff" * 5000)
        self.assertEqual(self.telemetry()["tpuTempMilliC"], [None])
        self.assertIsNone(self.telemetry()["cpuTempMilliC"])

    def test_edge_tpus_are_found_on_pcie_and_usb(self):
        self.apex(0)
        self.apex(1)
        for name, product in (("1-1", "9302"), ("1-2", "0001")):
            self.put("/sys/bus/usb/devices/%s/idVendor" % name, "18d1\n")
            self.put("/sys/bus/usb/devices/%s/idProduct" % name, product + "\n")
        found = agent.Board(self.root).tpus()
        self.assertEqual(found, [("pci", "/dev/apex_0"), ("pci", "/dev/apex_1"), ("usb", "/sys/bus/usb/devices/1-1")])

    def test_paths_stay_below_the_root(self):
        board = agent.Board(self.root)
        self.assertEqual(board.path("/../../etc/passwd"), self.root + "/etc/passwd")

    def test_facts_of_the_board(self):
        self.put("/etc/mendel_version", "eagle\n")
        self.put("/proc/device-tree/model", "Freescale i.MX8MQ Phanbell\0")
        facts = agent.Board(self.root).facts()
        self.assertEqual((facts["model"], facts["mendel"]), ("Freescale i.MX8MQ Phanbell", "eagle"))


class Governors(Tree):
    PATH = "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor"

    def governors(self):
        return [agent.Board(self.root).text(self.PATH % core) for core in (0, 1)]

    def test_each_core_gets_its_own_governor_back(self):
        self.put(self.PATH % 0, "ondemand\n")
        self.put(self.PATH % 1, "powersave\n")
        governor = agent.Governor(agent.Board(self.root), "performance")
        texts = self.governors()
        self.assertEqual(texts, ["performance", "performance"])
        self.assertTrue(governor.restore())
        texts = self.governors()
        self.assertEqual(texts, ["ondemand", "powersave"])

    def test_what_was_not_set_back_is_not_called_restored(self):
        self.put(self.PATH % 0, "ondemand\n")
        governor = agent.Governor(agent.Board(self.root), "performance")
        path = agent.Board(self.root).path(self.PATH % 0)
        os.remove(path)
        os.symlink("/dev/null", path)
        self.assertFalse(governor.restore())


class Requests(unittest.TestCase):
    def test_a_good_request_is_taken(self):
        self.assertEqual(agent.check_run(dict(RUN))["runs"], 10)

    def test_bad_requests_are_refused(self):
        for change in (
                {"models": []}, {"models": None}, {"models": [1]}, {"models": [{"path": "", "name": "m"}]},
                {"models": RUN["models"] * 2}, {"target": "gpu"}, {"tpu": -1}, {"tpu": True}, {"runs": None},
                {"runs": 0}, {"runs": True}, {"runs": 1.5}, {"runs": 10 ** 30}, {"durationMs": 5}, {"warmup": -1},
                {"streams": 0}, {"streams": 1000}, {"governor": "x; reboot"}, {"telemetryIntervalMs": 0},
                {"threads": "4"}, {"tpuCount": 0}, {"models": [dict(RUN["models"][0], training={"kind": "magic"})]},
                {"models": [dict(RUN["models"][0], name="a\0b")]}, {"copies": 1}, {"interleave": None}, {"seed": -1}, {"probeTimeoutMs": 1}):
            with self.assertRaises(agent.Failure, msg=str(change)) as caught:
                agent.check_run(dict(RUN, **change))
            self.assertEqual(caught.exception.code, "BAD_REQUEST")


class HostileLines(unittest.TestCase):
    def lines(self, data):
        """What comes of `data`, fed in three parts: messages, and complaints."""
        fd, feed = os.pipe()
        complaints = []
        lines = agent.Lines(fd, complaints.append)
        for at in range(0, len(data), 50000):
            os.write(feed, data[at:at + 50000])
            lines.read()
        os.close(fd)
        os.close(feed)
        return [message["type"] for message in lines.queue], complaints

    def test_bad_lines_are_told_and_passed_over(self):
        bad = [b"{", b"null", b"[]", b'{"type":1}', b'{"type":"explode"}', b'{"type":"run"}', b"\xff\xfe", b"[" * 20000,
               b'{"type":"cancel","id":""}', b'{"type":"cancel","id":7}']
        messages, complaints = self.lines(b"\n".join(bad) + b'\n{"type":"bye"}\n')
        self.assertEqual(messages, ["bye"])
        self.assertEqual(len(complaints), len(bad))

    def test_an_endless_line_ends_the_conversation_and_is_not_kept(self):
        with self.assertRaises(agent.Goodbye):
            self.lines(b"x" * (3 << 20))


class Reasons(unittest.TestCase):
    def code(self, text):
        return agent.classify("MODEL_FAILED", "?", text)

    def test_what_libraries_print_becomes_a_code(self):
        self.assertEqual(self.code("Encountered unresolved custom op: edgetpu-custom-op.").code, "UNRESOLVED_OP")
        self.assertEqual(self.code("Didn't find op for builtin opcode 'CONV_2D' version '9'").facts, {"op": "CONV_2D"})
        old = self.code("Package requires runtime version (14), which is newer than this runtime version (13).")
        self.assertEqual((old.code, old.facts), ("RUNTIME_TOO_OLD", {"needed": 14, "installed": 13}))
        self.assertEqual(self.code("Internal: Unsupported data type in custom op handler: 0").code, "LIBRARY_MISMATCH")
        self.assertEqual(self.code("something else").code, "MODEL_FAILED")

    def test_a_full_disk_is_told_as_one(self):
        self.assertEqual(agent.code_of(OSError(28, "No space left on device")), "DISK_FULL")
        self.assertEqual(agent.code_of(OSError(5, "?")), "INTERNAL")


class FixedInput(unittest.TestCase):
    def test_it_is_the_same_everywhere(self):
        self.assertEqual(agent.fixed_bytes(random.Random(12345), "uint8", 8).hex(), "8799a76a3a4391bb")

    def test_every_type_has_its_size_and_harmless_values(self):
        import array
        for kind, code in (("float32", "f"), ("int32", "i"), ("int64", "q"), ("int16", "h")):
            size = 10 * array.array(code).itemsize
            values = array.array(code, agent.fixed_bytes(random.Random(1), kind, size))
            self.assertEqual(len(values), 10)
            self.assertTrue(all(0 <= value <= 255 for value in values))
        self.assertTrue(all(byte < 2 for byte in agent.fixed_bytes(random.Random(1), "bool", 10)))
        with self.assertRaises(agent.Failure):
            agent.fixed_bytes(random.Random(1), "string", 10)


class Children(unittest.TestCase):
    def test_a_probe_that_stalls_or_crashes_is_told_in_time(self):
        probes = agent.PROBES
        self.addCleanup(setattr, agent, "PROBES", probes)

        def crash():
            import ctypes
            ctypes.string_at(0)

        agent.PROBES = {"stalls": lambda: time.sleep(600), "crashes": crash, "lives": lambda: {"version": "1"}}
        started = time.time()
        # Time enough for those that answer, on a host that is busy with other things.
        answers = agent.inspect(5)
        self.assertLess(time.time() - started, 120)
        self.assertIn("did not answer", answers["stalls"]["message"])
        self.assertIn("crashed", answers["crashes"]["message"])
        self.assertEqual(answers["lives"]["type"], "fine")


class Messages(unittest.TestCase):
    def test_messages_are_one_line_each(self):
        line = agent.to_line({"text": "a\nb\u2028c"})
        self.assertEqual(line.count(b"\n"), 1)
        self.assertEqual(json.loads(line.decode("utf-8"))["text"], "a\nb\u2028c")


if __name__ == "__main__":
    unittest.main()
