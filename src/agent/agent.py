#!/usr/bin/env python3
"""The benchmark agent of mdt: runs models on this board and tells how long each inference takes.

Speaks JSON lines on stdin and stdout (see messages.ts) and ends when stdin does. Machine learning libraries are used
in child processes alone, so that a crash or a stall is an error message. For Python 3.5; tabs keep it small to send.
"""

import argparse
import array
import ctypes
import errno
import functools
import gc
import glob
import hashlib
import json
import math
import os
import random
import re
import select
import signal
import subprocess
import sys
import threading
import time
import traceback

PROTOCOL = 1
VERSION = "1.0"
MAX_LINE_BYTES = 1024 * 1024
MAX_BATCH = 16384
LEARNING_RATE = 0.01
# How often samples are told, between two inferences.
FLUSH_S = 0.25
OUTPUT_TAIL = 4096
DEFAULT_PROBE_MS = 20000
clock = time.perf_counter

class Failure(Exception):
	"""What the host is told as an error."""

	def __init__(self, code, message, **facts):
		self.code, self.message, self.facts = code, message, facts

class Cancelled(Exception):
	"""The host wants the run to end."""

class Goodbye(Exception):
	"""The host is gone or wants the agent to end."""

def code_of(error):
	return "DISK_FULL" if getattr(error, "errno", None) == errno.ENOSPC else "INTERNAL"

def to_ns(seconds):
	return int(seconds * 1e9)

def write_all(fd, data):
	view = memoryview(data)
	while view:
		view = view[os.write(fd, view):]

def progress(phase, model, done=0, total=None):
	message = {"type": "progress", "phase": phase, "model": model, "done": done}
	return dict(message, total=total) if total else message

def to_line(message):
	return json.dumps(message, separators=(",", ":")).encode("utf-8") + b"\n"


class Board:
	"""What this board tells of itself; every path lies below `root`, which may be a pretend tree."""

	def __init__(self, root="", model=None):
		self.root, self.model = root, model

	def path(self, path):
		return self.root + os.path.normpath("/" + path.lstrip("/")) if self.root and path.startswith("/") else path

	def text(self, path):
		try:
			with open(self.path(path), "rb") as file:
				return file.read(4096).decode("utf-8", "replace").strip("\0\r\n\t ")[:256] or None
		except OSError:
			return None

	def number(self, path):
		try:
			return int(self.text(path) or "")
		except ValueError:
			return None

	def list(self, pattern):
		return sorted(found[len(self.root):] for found in glob.glob(self.path(pattern)))

	def facts(self):
		system = os.uname()
		return {
			"model": self.model or self.text("/proc/device-tree/model"),
			"kernel": system.release,
			"mendel": self.text("/etc/mendel_version"),
			"machine": system.machine,
		}

	def apexes(self):
		return self.list("/sys/class/apex/apex_*")

	def tpus(self):
		"""Edge TPUs as the kernel sees them, where no library can be asked."""
		found = [("pci", "/dev/" + os.path.basename(apex)) for apex in self.apexes()]
		for device in self.list("/sys/bus/usb/devices/*"):
			name = "%s:%s" % (self.text(device + "/idVendor"), self.text(device + "/idProduct"))
			if name in ("1a6e:089a", "18d1:9302"):
				found.append(("usb", device))
		return found

	def telemetry(self):
		apexes = self.apexes()
		first = (apexes or ["/none"])[0]
		temps = [self.number(apex + "/temp") for apex in apexes]
		# Below -80 C the link to the chip is dead.
		temps = [temp if temp is not None and temp > -80000 else None for temp in temps]
		known = [temp for temp in temps if temp is not None]
		# The driver slows the chip down at the first trip point, if it looks at the temperature at all.
		trip, poll = self.number(first + "/trip_point0_temp"), self.number(first + "/temp_poll_interval")
		throttled = poll > 0 and max(known) >= trip if known and trip is not None and poll is not None else None
		cpu = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_"
		return {
			"atNs": to_ns(clock()),
			"tpuTempMilliC": temps or None,
			"cpuTempMilliC": self.number("/sys/class/thermal/thermal_zone0/temp"),
			"cpuFreqKHz": self.number(cpu + "cur_freq"),
			"governor": self.text(cpu + "governor"),
			"throttled": throttled,
		}

class Governor:
	"""Sets the CPU governor and sets it back, by a shell that waits for the end of its stdin: it comes even by kill."""

	SCRIPT = """trap '' HUP INT TERM PIPE
ok=set; wanted=$1; shift; i=0
for word; do [ $((i % 2)) = 1 ] || echo "$wanted" > "$word" || ok=failed; i=$((i + 1)); done
echo $ok
cat > /dev/null
ok=restored
while [ $# -gt 1 ]; do echo "$2">"$1" && grep -qx "$2" "$1"||ok=failed; shift 2; done
echo $ok"""

	def __init__(self, board, wanted):
		words = []
		for path in board.list("/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor"):
			words += [board.path(path), board.text(path) or ""]
		if not words:
			raise Failure("GOVERNOR", "The CPU governor of this board cannot be set: it has none.")
		is_mine = all(os.access(path, os.W_OK) for path in words[::2])
		# A pretend board is never worth asking for the rights to change the real one.
		sudo = [] if is_mine or board.root else ["sudo", "-n"]
		try:
			self.keeper = subprocess.Popen(
				sudo + ["sh", "-c", self.SCRIPT, "sh", wanted] + words, stdin=subprocess.PIPE,
				stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
		except OSError as error:
			raise Failure("GOVERNOR", "The CPU governor could not be set: %s." % error)
		if self.answer() != b"set":
			self.restore()
			raise Failure("GOVERNOR", "The CPU governor could not be set to %s." % wanted, wanted=wanted)

	def answer(self):
		ready = select.select([self.keeper.stdout], [], [], 5)[0]
		return self.keeper.stdout.readline().strip() if ready else b""

	def restore(self):
		self.keeper.stdin.close()
		answer = self.answer()
		self.keeper.stdout.close()
		return answer == b"restored" and self.keeper.wait() == 0

# Libraries: used in child processes only.

TYPES = ("none float32 int32 uint8 int64 string bool int16 complex64 int8 float16 float64 complex128 uint64 resource "
			"variant uint32 uint16 int4").split()
# What libraries print for a reason that they give nowhere else.
REASONS = (
	("UNRESOLVED_OP", r"unresolved custom op: *([\w.-]+)|Didn't find op for builtin opcode '?([\w.-]+)",
		"The model has an operator that this runtime does not know: %s."),
	("RUNTIME_TOO_OLD", r"requires runtime version \((\d+)\), which is newer than this runtime version \((\d+)\)",
		"The model needs Edge TPU runtime %s, and this board has %s."),
	("LIBRARY_MISMATCH", r"Unsupported data type in custom op handler",
		"TensorFlow Lite and libedgetpu on this board do not fit together."),
)

def classify(code, message, text):
	for known, pattern, sentence in REASONS:
		match = re.search(pattern, text)
		if match:
			words, facts = tuple(word.rstrip(".") for word in match.groups() if word), {}
			if known == "RUNTIME_TOO_OLD":
				facts = {"needed": int(words[0]), "installed": int(words[1])}
			elif words:
				facts = {"op": words[0]}
			return Failure(known, sentence % words, **facts)
	return Failure(code, message)

class Device(ctypes.Structure):
	_fields_ = [("type", ctypes.c_int), ("path", ctypes.c_char_p)]

LIBEDGETPU = os.environ.get("MDT_LIBEDGETPU") or "libedgetpu.so.1"

def list_devices(library):
	"""Edge TPUs as libedgetpu sees them; a delegate made without one may stall for 25 s."""
	count = ctypes.c_size_t(0)
	library.edgetpu_list_devices.restype = ctypes.POINTER(Device)
	devices = library.edgetpu_list_devices(ctypes.byref(count))
	if not devices:
		return []
	found = [("usb" if devices[at].type == 1 else "pci", (devices[at].path or b"").decode("utf-8", "replace"))
				for at in range(min(count.value, 64))]
	library.edgetpu_free_devices.restype = None
	library.edgetpu_free_devices(devices)
	return found

def no_tpu(index, found):
	return Failure("NO_TPU", "This board has no Edge TPU%s." % (" with number %d" % index if found else ""), found=found)

def device_name(index):
	"""What libedgetpu calls the Edge TPU with this number: `pci:0`, `usb:1`."""
	try:
		devices = list_devices(ctypes.CDLL(LIBEDGETPU))
	except OSError as error:
		raise Failure("NO_RUNTIME", "The Edge TPU library cannot be loaded: %s." % error, library=LIBEDGETPU)
	if index >= len(devices):
		raise no_tpu(index, len(devices))
	kind = devices[index][0]
	return "%s:%d" % (kind, sum(1 for other, _ in devices[:index] if other == kind))

def open_refused():
	return Failure("NO_TPU", "The Edge TPU cannot be opened; another program may be using it.")

def load_tflite_c():
	problem, name, given = None, "libtensorflowlite_c.so", os.environ.get("MDT_TFLITE_C")
	for path in [given] if given else [name, "/usr/local/lib/" + name, "/usr/lib/" + name]:
		try:
			library = ctypes.CDLL(path)
			break
		except OSError as error:
			problem = problem or error
	else:
		raise problem
	# Name, result and arguments: pointer, text, number, size.
	kinds = {"p": ctypes.c_void_p, "t": ctypes.c_char_p, "n": ctypes.c_int32, "z": ctypes.c_size_t, "-": None}
	for line in ("Version t", "ModelCreateFromFile pt", "InterpreterOptionsCreate p",
					"InterpreterOptionsSetNumThreads -pn", "InterpreterOptionsAddDelegate -pp", "InterpreterCreate ppp",
					"InterpreterAllocateTensors np", "InterpreterInvoke np", "InterpreterGetInputTensorCount np",
					"InterpreterGetInputTensor ppn", "InterpreterGetOutputTensorCount np",
					"InterpreterGetOutputTensor ppn", "TensorType np", "TensorByteSize zp",
					"TensorCopyFromBuffer nptz", "TensorCopyToBuffer nppz"):
		name, signature = line.split()
		function = getattr(library, "TfLite" + name)
		setattr(library, name, function)
		function.restype, function.argtypes = kinds[signature[0]], [kinds[kind] for kind in signature[1:]]
	return library

def fixed_bytes(rng, kind, size):
	"""The same input on every board: random bytes, or 0 to 1 for floats, or small numbers for indices."""
	widths = {"float32": "f", "float64": "d", "int64": "q", "int32": "i", "int16": "h", "uint32": "I", "uint16": "H"}
	if kind not in widths and kind not in ("uint8", "int8", "bool"):
		raise Failure("MODEL_FAILED", "The model takes an input of type %s, which cannot be made up." % kind)
	count = size // array.array(widths[kind]).itemsize if kind in widths else size
	raw = rng.getrandbits(8 * count).to_bytes(count, "little") if count else b""
	if kind == "bool":
		return bytes(byte & 1 for byte in raw)
	if kind not in widths:
		return raw
	values = [byte / 255.0 for byte in raw] if kind.startswith("float") else list(raw)
	return array.array(widths[kind], values).tobytes()

class Interpreter:
	"""A model in the C library; all runtimes have this face."""

	def __init__(self, path, job):
		try:
			lib = self.lib = load_tflite_c()
		except OSError as error:
			raise Failure("NO_RUNTIME", "The TensorFlow Lite library cannot be loaded: %s." % error)
		model = lib.ModelCreateFromFile(os.fsencode(path))
		if not model:
			raise Failure("NOT_A_MODEL", "TensorFlow Lite cannot read the model.")
		options = lib.InterpreterOptionsCreate()
		if job["threads"]:
			lib.InterpreterOptionsSetNumThreads(options, job["threads"])
		if job["device"] is not None:
			self.use_tpu(options, job["device"])
		self.handle = lib.InterpreterCreate(model, options)
		if not self.handle or lib.InterpreterAllocateTensors(self.handle) != 0:
			raise Failure("MODEL_FAILED", "TensorFlow Lite cannot prepare the model.")
		self.invoke = functools.partial(lib.InterpreterInvoke, ctypes.c_void_p(self.handle))
		self.ins = [lib.InterpreterGetInputTensor(self.handle, at)
					for at in range(lib.InterpreterGetInputTensorCount(self.handle))]
		self.outs = [lib.InterpreterGetOutputTensor(self.handle, at)
						for at in range(lib.InterpreterGetOutputTensorCount(self.handle))]
		self.buffers = []

	def use_tpu(self, options, index):
		name = device_name(index).encode("ascii")
		create = ctypes.CDLL(LIBEDGETPU).tflite_plugin_create_delegate
		create.restype = ctypes.c_void_p
		delegate = create((ctypes.c_char_p * 1)(b"device"), (ctypes.c_char_p * 1)(name), ctypes.c_size_t(1), None)
		if not delegate:
			raise open_refused()
		self.lib.InterpreterOptionsAddDelegate(options, delegate)

	def fill(self, rng):
		kinds = [dict(enumerate(TYPES)).get(self.lib.TensorType(tensor), "unknown") for tensor in self.ins]
		self.data = [fixed_bytes(rng, kind, self.lib.TensorByteSize(tensor)) for kind, tensor in zip(kinds, self.ins)]
		self.copy_in()

	def copy_in(self):
		for tensor, data in zip(self.ins, self.data):
			if self.lib.TensorCopyFromBuffer(tensor, data, len(data)) != 0:
				raise Failure("MODEL_FAILED", "The input could not be copied to the model.")

	def copy_out(self):
		if not self.buffers:
			sizes = [self.lib.TensorByteSize(tensor) for tensor in self.outs]
			self.buffers = [(ctypes.create_string_buffer(max(size, 1)), size) for size in sizes]
		for tensor, (buffer, size) in zip(self.outs, self.buffers):
			self.lib.TensorCopyToBuffer(tensor, buffer, size)

	def outputs(self):
		self.copy_out()
		return [buffer.raw[:size] for buffer, size in self.buffers]

class PythonInterpreter:
	"""A model in tflite_runtime."""

	def __init__(self, path, job):
		from tflite_runtime.interpreter import Interpreter as Runtime, load_delegate
		options = {"model_path": path}
		if job["threads"]:
			options["num_threads"] = job["threads"]
		if job["device"] is not None:
			device = device_name(job["device"])
			try:
				options["experimental_delegates"] = [load_delegate(LIBEDGETPU, {"device": device})]
			except (OSError, ValueError):
				raise open_refused()
		try:
			self.runtime = Runtime(**options)
			self.runtime.allocate_tensors()
		except (ValueError, RuntimeError) as error:
			raise classify("MODEL_FAILED", "TensorFlow Lite cannot prepare the model: %s" % error, str(error))
		self.invoke = self.runtime.invoke
		self.ins, self.outs = self.runtime.get_input_details(), self.runtime.get_output_details()

	def fill(self, rng):
		import numpy
		self.data = []
		for tensor in self.ins:
			empty = numpy.zeros(tensor["shape"], tensor["dtype"])
			raw = fixed_bytes(rng, empty.dtype.name, empty.nbytes)
			self.data.append((tensor["index"], numpy.frombuffer(raw, empty.dtype).reshape(empty.shape)))
		self.copy_in()

	def copy_in(self):
		for index, data in self.data:
			self.runtime.set_tensor(index, data)

	def copy_out(self):
		self.results = [self.runtime.get_tensor(tensor["index"]) for tensor in self.outs]

	def outputs(self):
		self.copy_out()
		return [result.tobytes() for result in self.results]

class LegacyEngine:
	"""A model in the Edge TPU library of Mendel 2 and 3, which copies within its inference."""

	def __init__(self, path, job):
		if job["device"] is None:
			raise Failure("NO_RUNTIME", "The edgetpu Python library of this board has no CPU.")
		from edgetpu.basic.basic_engine import BasicEngine
		try:
			self.engine = BasicEngine(path, job["devicePath"]) if job["device"] else BasicEngine(path)
		except RuntimeError as error:
			raise classify("MODEL_FAILED", "The Edge TPU library refuses the model: %s" % error, str(error))
		self.run = getattr(self.engine, "run_inference", None) or self.engine.RunInference

	def fill(self, rng):
		import numpy
		size = int(numpy.prod(self.engine.get_input_tensor_shape()))
		self.data = numpy.frombuffer(fixed_bytes(rng, "uint8", size), numpy.uint8)

	def invoke(self):
		self.result = self.run(self.data)[1]

	def copy_in(self):
		pass

	copy_out = copy_in

	def outputs(self):
		return [self.result.tobytes()]

RUNTIMES = (("tflite_runtime", PythonInterpreter), ("edgetpu", LegacyEngine), ("tflite_c", Interpreter))

def probe_python(package, name, wanted):
	module = __import__(name, fromlist=[wanted])
	getattr(module, wanted)
	return {"version": getattr(sys.modules[package], "__version__", None), "detail": name}

def probe_tflite_c():
	library = load_tflite_c()
	return {"version": library.Version().decode("ascii", "replace"), "detail": library._name}

def probe_libedgetpu():
	library = ctypes.CDLL(LIBEDGETPU)
	library.edgetpu_version.restype = ctypes.c_char_p
	version = (library.edgetpu_version() or b"").decode("utf-8", "replace")
	return {"version": version[:256], "detail": library._name, "devices": list_devices(library)}

PROBES = {
	"tflite_runtime": functools.partial(probe_python, "tflite_runtime", "tflite_runtime.interpreter", "Interpreter"),
	"edgetpu": functools.partial(probe_python, "edgetpu", "edgetpu.basic.basic_engine", "BasicEngine"),
	"tflite_c": probe_tflite_c, "libedgetpu": probe_libedgetpu}


SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)

class Child:
	"""A process that runs `work(send, go)`; `go` waits for `start()`."""

	def __init__(self, work):
		mine, theirs = os.pipe()
		self.output_fd, output = os.pipe()
		go, self.go_fd = os.pipe()
		parent = os.getpid()
		signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
		try:
			self.pid = os.fork()
			if self.pid == 0:
				self.become(work, parent, theirs, output, go)
		finally:
			signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
		for fd in (theirs, output, go):
			os.close(fd)
		self.fd, self.pending, self.tail, self.status = mine, b"", b"", None
		self.phase, self.is_waiting, self.is_done = "loading", False, False
		self.heard_at = clock()

	@staticmethod
	def become(work, parent, messages, output, go):
		status = 1
		try:
			for number in SIGNALS:
				signal.signal(number, signal.SIG_DFL)
			signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
			nothing = os.open(os.devnull, os.O_RDONLY)
			for fd, target in ((nothing, 0), (output, 1), (output, 2)):
				os.dup2(fd, target)
			last = 2
			for fd in sorted((messages, go)) + [256]:
				os.closerange(last + 1, fd)
				last = fd
			# Dies with its parent, even where that is killed.
			prctl = getattr(ctypes.CDLL(None), "prctl", None)
			if prctl is not None:
				prctl(1, signal.SIGKILL, 0, 0, 0)
			if os.getppid() != parent:
				os._exit(1)
			lock = threading.Lock()

			def send(message):
				with lock:
					write_all(messages, to_line(message))

			try:
				work(send, lambda: os.read(go, 1))
			except Failure as failure:
				send({"type": "failed", "code": failure.code, "message": failure.message, "facts": failure.facts})
			except Exception as error:
				code = "NO_RUNTIME" if isinstance(error, ImportError) else code_of(error)
				facts = {"trace": traceback.format_exc()[-OUTPUT_TAIL:]}
				send({"type": "failed", "code": code, "message": str(error)[:1024] + ".", "facts": facts})
			status = 0
		finally:
			# No clean-up of libraries, which may hang in it.
			os._exit(status)

	def start(self):
		self.is_waiting, self.heard_at = False, clock()
		write_all(self.go_fd, b"1")

	def read_output(self):
		"""What the libraries print, of which the end is kept."""
		while select.select([self.output_fd], [], [], 0)[0]:
			data = os.read(self.output_fd, 65536)
			if not data:
				break
			self.tail = (self.tail + data)[-OUTPUT_TAIL:]

	def read(self):
		"""Messages that have come; None at the end of the process."""
		data = os.read(self.fd, 1 << 18)
		if not data:
			return None
		self.heard_at = clock()
		lines = (self.pending + data).split(b"\n")
		self.pending = lines.pop()
		return [json.loads(line.decode("utf-8")) for line in lines]

	def output(self):
		self.read_output()
		return self.tail.decode("utf-8", "replace")

	def end(self):
		"""Kills it. One that hangs in a driver cannot be killed, and is not waited for."""
		if self.status is not None:
			return self.status
		until, is_killed = clock() + 2, False
		while self.status is None:
			pid, status = os.waitpid(self.pid, os.WNOHANG)
			if pid:
				self.status = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
			elif clock() > until:
				self.status = 0
			elif not is_killed and (not self.is_done or clock() > until - 1.5):
				os.kill(self.pid, signal.SIGKILL)
				is_killed = True
			else:
				select.select([], [], [], 0.002)
		for fd in (self.fd, self.output_fd, self.go_fd):
			os.close(fd)
		return self.status

def inspect(timeout_s):
	"""Asks every library what it is, each in a process of its own, at the same time."""
	children = {}
	for name, probe in PROBES.items():
		def work(send, _go, probe=probe):
			send(dict(probe(), type="fine"))
		children[name] = Child(work)
	answers, until = {}, clock() + timeout_s
	try:
		while len(answers) < len(children):
			left = [name for name in children if name not in answers]
			fds = [children[name].fd for name in left]
			ready = select.select(fds, [], [], max(0, until - clock()))[0]
			for name in left:
				if children[name].fd in ready:
					messages = children[name].read()
					if messages is None:
						answers[name] = {"type": "failed", "message": "It crashed when it was loaded."}
					elif messages:
						answers[name] = messages[0]
						children[name].is_done = True
				elif not ready:
					answers[name] = {"type": "failed", "message": "It did not answer within %d s." % timeout_s}
		return answers
	finally:
		for child in children.values():
			child.end()

# Measuring: in a child process.

class Softmax:
	"""A last layer that learns. The last number of each row is 1: its weights are the biases."""

	def __init__(self, rows, labels, classes):
		import numpy
		self.exp, self.rows, self.labels = numpy.exp, numpy.array(rows, "f"), numpy.array(labels)
		self.weights = numpy.zeros((classes, len(rows[0])), "f")

	def chances(self, batch):
		scores = self.rows[batch].dot(self.weights.T)
		powers = self.exp(scores - scores.max(1)[:, None])
		return powers / powers.sum(1)[:, None]

	def step(self, batch):
		slopes = self.chances(batch)
		slopes[range(len(batch)), self.labels[batch]] -= 1
		self.weights -= LEARNING_RATE / len(batch) * slopes.T.dot(self.rows[batch])

def train_softmax(job, tell):
	"""Gradient descent as pycoral's script has it: 1024 random samples, 100 a step."""
	rng, samples = random.Random(job["seed"]), range(1024)
	rows = [[rng.random() for _ in range(job["size"])] + [1.0] for _ in samples]
	labels = [at % job["classes"] for at in samples]
	rng.shuffle(labels)
	layer = Softmax(rows, labels, job["classes"])
	begin = clock()
	for done in range(job["runs"]):
		layer.step([rng.randrange(1024) for _ in range(100)])
		tell(done + 1)
	wall = clock() - begin
	return wall, -sum(map(math.log, layer.chances(samples)[samples, labels])) / len(samples)

def imprint(job, tell):
	"""Weight imprinting as pycoral's script has it: random images of every class, and the model written at the end."""
	import numpy
	from pycoral.learn.imprinting.engine import ImprintingEngine
	from pycoral.utils.edgetpu import make_interpreter
	engine = ImprintingEngine(job["file"], keep_classes=False)
	extractor = make_interpreter(engine.serialize_extractor_model(), device=device_name(job["device"]))
	extractor.allocate_tensors()
	source, sink = extractor.get_input_details()[0], extractor.get_output_details()[0]
	scale, zero = sink["quantization"]
	rng = numpy.random.RandomState(job["seed"])
	images = [rng.randint(0, 256, source["shape"], numpy.uint8) for _ in range(job["runs"])]
	begin = clock()
	for at, image in enumerate(images):
		extractor.set_tensor(source["index"], image)
		extractor.invoke()
		scores = extractor.get_tensor(sink["index"]).flatten().astype(numpy.int64)
		engine.train(scale * (scores - zero), class_id=at // job["size"])
		tell(at + 1)
	engine.serialize_model()
	return clock() - begin, None

def train_job(job, send, _go):
	told = [clock()]

	def tell(done):
		if clock() - told[0] > FLUSH_S:
			told[0] = clock()
			send(progress("training", job["name"], done, job["runs"]))

	send(progress("training", job["name"], 0, job["runs"]))
	wall, loss = (train_softmax if job["kind"] == "softmax" else imprint)(job, tell)
	send({"type": "trained", "model": job["name"], "delegate": job["delegate"], "wallNs": to_ns(wall), "loss": loss})
	send({"type": "done"})

def failed_invoke():
	return Failure("MODEL_FAILED", "An inference of the model failed.")

class Stream:
	"""Interpreters of the models of a job, run by one thread."""

	def __init__(self, job, number, send):
		self.job, self.number, self.send = job, number, send
		self.models = [(model["name"], self.load(model)) for model in job["models"]]

	def load(self, model):
		job, name = self.job, model["name"]
		self.send(progress("loading", name))
		started = clock()
		interpreter = dict(RUNTIMES)[job["runtime"]](model["file"], job)
		loaded = clock()
		interpreter.fill(random.Random(job["seed"]))
		self.send(progress("first", name))
		begin = clock()
		status = interpreter.invoke()
		end = clock()
		if status:
			raise failed_invoke()
		digest = hashlib.sha256(b"".join(interpreter.outputs())).hexdigest()
		self.send({
			"type": "loaded", "model": name, "stream": self.number, "runtime": job["runtime"], "delegate": job["delegate"],
			"tpu": job["device"], "loadNs": to_ns(loaded - started), "firstNs": to_ns(end - begin),
			"outputSha256": digest})
		return interpreter

	def warm_up(self):
		told = clock()
		for done in range(self.job["warmup"]):
			for name, interpreter in self.models:
				if interpreter.invoke():
					raise failed_invoke()
				if clock() - told > FLUSH_S:
					told = clock()
					self.send(progress("warmup", name, done + 1, self.job["warmup"]))

	def measure(self):
		left = self.job["runs"] or float("inf")
		until = clock() + (self.job["durationMs"] or float("inf")) / 1000.0
		# int() does nothing.
		records = [(name, it.invoke) + ((it.copy_in, it.copy_out) if self.job["copies"] else (int, int))
					for name, it in self.models]
		while left > 0 and clock() < until:
			left -= self.batch(records, int(min(left, MAX_BATCH)), min(clock() + FLUSH_S, until))

	def batch(self, records, limit, until):
		"""One turn of measuring. Between `begin` and `end` there is the inference and nothing else."""
		kept = [([], [], []) for _ in records]
		spans, now, done = {}, clock, 0
		while done < limit:
			for (name, invoke, copy_in, copy_out), (times, inputs, outputs) in zip(records, kept):
				copied = now()
				copy_in()
				begin = now()
				status = invoke()
				end = now()
				copy_out()
				out = now()
				if status:
					raise failed_invoke()
				times.append(end - begin)
				inputs.append(begin - copied)
				outputs.append(out - end)
				spans.setdefault(name, [copied, out])[1] = out
			done += 1
			if out >= until:
				break
		for (name, _, _, _), lists in zip(records, kept):
			self.tell(name, spans[name], lists)
		return done

	def tell(self, name, span, lists):
		message = {"type": "samples", "model": name, "stream": self.number,
					"startedNs": to_ns(span[0]), "endedNs": to_ns(span[1])}
		for field, values in zip(("ns", "inputNs", "outputNs"), lists):
			if field == "ns" or self.job["copies"]:
				message[field] = [to_ns(seconds) for seconds in values]
		self.send(message)

def measure_job(job, send, go):
	gc.disable()
	streams = [Stream(job, job["firstStream"] + number, send) for number in range(job["streams"])]
	for stream in streams:
		stream.warm_up()
	send({"type": "ready"})
	go()
	failures = []

	def run(stream):
		try:
			stream.measure()
		except Exception as error:
			failures.append(error)

	threads = [threading.Thread(target=run, args=(stream,)) for stream in streams]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	if failures:
		raise failures[0]
	send({"type": "done"})


# What a run request holds, as patterns of the JSON of each field; messages.ts has the exact limits.
TEXT, COUNT, SWITCH = r'(?!.*\\u0000)".{1,6144}"', r"[1-9]\d?", "true|false"
RUN = {
	"target": '"(tpu|cpu)"', "tpu": r'null|"all"|\d\d?', "runs": r"null|[1-9]\d{0,8}",
	"durationMs": r"null|[1-9]\d{0,7}", "warmup": r"\d{1,7}", "streams": COUNT, "interleave": SWITCH, "threads": "null|" + COUNT,
	"tpuCount": "null|" + COUNT, "governor": 'null|"performance"', "telemetryIntervalMs": r"[2-9]\d|[1-9]\d{2,4}",
	"seed": r"\d{1,10}", "copies": SWITCH, "probeTimeoutMs": r"null|[1-9]\d{2,5}"}
MODEL = {"path": TEXT, "name": TEXT, "edgetpu": SWITCH}
TRAINING = {"kind": '"(softmax|imprinting)"', "classes": r"[1-9]\d{0,3}", "size": r"[1-9]\d{0,4}"}

def check(value, fields):
	for field, pattern in fields.items():
		if not isinstance(value, dict) or not re.match("(?:%s)$" % pattern, json.dumps(value.setdefault(field))):
			raise Failure("BAD_REQUEST", "The message is wrong: %s" % field)

def check_run(message):
	"""A run request that may be trusted, or BAD_REQUEST."""
	check(message, RUN)
	models = message.get("models")
	for model in models if isinstance(models, list) else [None]:
		check(model, MODEL)
		if "training" in model:
			check(model["training"], TRAINING)
	has_one_end = (message["runs"] is None) != (message["durationMs"] is None)
	if not has_one_end or not 0 < len(set(model["name"] for model in models)) == len(models) <= 64:
		raise Failure("BAD_REQUEST", "The message is wrong: not one of runs and durationMs, or names of models")
	return message

class Lines:
	"""Messages from the host. What is none is reported and passed over."""

	def __init__(self, fd, complain):
		self.fd, self.complain, self.pending, self.queue = fd, complain, b"", []

	def read(self):
		data = os.read(self.fd, 65536)
		if not data:
			raise Goodbye()
		lines = (self.pending + data).split(b"\n")
		self.pending = lines.pop()
		for line in lines:
			self.parse(line)
		if len(self.pending) > MAX_LINE_BYTES:
			self.complain("it is longer than 1 MiB")
			raise Goodbye()

	def parse(self, line):
		try:
			message = json.loads(line.decode("utf-8"))
			check(message, {"type": '"(run|cancel|bye)"'})
			check(message, {} if message["type"] == "bye" else {"id": '".{1,128}"'})
			self.queue.append(message)
		except (ValueError, RecursionError):
			self.complain("it is not JSON")
		except Failure as failure:
			self.complain(failure.message)

class Run:
	"""One run request, from its first process to its result."""

	# Failures of a runtime rather than of the model: the next runtime may do better.
	NEXT_RUNTIME = ("NO_RUNTIME", "PROBE_CRASHED", "PROBE_TIMEOUT", "LIBRARY_MISMATCH")

	def __init__(self, agent, request):
		self.agent, self.request, self.id = agent, request, request["id"]
		self.children = []
		self.next_telemetry = clock()
		self.timeout_s = (request.get("probeTimeoutMs") or DEFAULT_PROBE_MS) / 1000.0

	def say(self, message):
		message["id"] = self.id
		self.agent.say(message)

	def execute(self):
		"""Runs everything; the result says how it ended. Raises Failure."""
		request, governor = self.request, None
		ended_by, restored = "runs" if request["runs"] else "duration", True
		try:
			files = [self.check_model(model) for model in request["models"]]
			if request["governor"]:
				governor = Governor(self.agent.board, request["governor"])
			try:
				for models in [files] if request["interleave"] else [[model] for model in files]:
					self.run_job(models)
			except Cancelled:
				ended_by = "cancelled"
			self.tell_telemetry()
		finally:
			self.end_children()
			if governor is not None:
				restored = governor.restore()
		self.say({"type": "result", "endedBy": ended_by, "governorRestored": restored})

	def check_model(self, model):
		path = self.agent.board.path(model["path"])
		if model.get("training", {}).get("kind") == "softmax":
			return dict(model, file=None)
		try:
			with open(path, "rb") as file:
				head = file.read(8)
		except OSError as error:
			raise Failure("MODEL_MISSING", "The model %s cannot be read on the board: %s."
							% (model["name"], error.strerror), path=model["path"])
		if head[4:8] != b"TFL3":
			raise Failure("NOT_A_MODEL", "%s is not a TensorFlow Lite model." % model["name"], path=model["path"])
		return dict(model, file=path)

	def devices(self):
		if self.request["target"] == "cpu":
			return [None]
		wanted, found = self.request["tpu"] or 0, len(self.agent.tpus)
		if found and wanted == "all":
			return list(range(min(found, self.request["tpuCount"] or found)))
		if not found or wanted >= found:
			raise no_tpu(wanted, found)
		return [wanted]

	def delegate(self):
		return "cpu" if self.request["target"] == "cpu" else "simulated" if self.agent.is_simulated else "edgetpu"

	def run_job(self, models):
		if "training" in models[0]:
			return self.train(models[0])
		devices, attempts = self.devices(), []
		for runtime in self.agent.usable:
			try:
				return self.run_with(runtime, models, devices)
			except Failure as failure:
				if failure.code not in self.NEXT_RUNTIME or failure.facts.get("phase") == "running":
					raise
				attempts.append((runtime, failure))
			finally:
				self.end_children()
		if not attempts:
			raise Failure("NO_RUNTIME", "This board has no TensorFlow Lite that can be used.",
							tried=self.agent.unusable)
		worst = next((item for item in attempts if item[1].code != "NO_RUNTIME"), attempts[0])[1]
		worst.facts["attempts"] = [{"runtime": name, "code": failure.code, "message": failure.message}
									for name, failure in attempts]
		raise worst

	def train(self, model):
		job = dict(self.request, name=model["name"], file=model["file"], delegate="cpu", **model["training"])
		if job["kind"] == "imprinting":
			job.update(device=self.devices()[0], delegate=self.delegate(), runs=job["classes"] * job["size"])
		self.children.append(Child(functools.partial(train_job, job)))
		self.pump(None, lambda child: child.is_done)
		self.end_children()

	def run_with(self, runtime, models, devices):
		for position, device in enumerate(devices):
			job = dict(self.request, runtime=runtime, models=models, delegate=self.delegate(), device=device,
						firstStream=position * self.request["streams"],
						devicePath=self.agent.tpus[device][1] if device is not None else None)
			self.children.append(Child(functools.partial(measure_job, job)))
		held = []
		self.pump(held, lambda child: child.is_waiting)
		for message in held:
			self.say(message)
		for child in self.children:
			child.start()
			child.phase = "running"
		for model in models:
			self.say(progress("running", model["name"]))
		self.pump(None, lambda child: child.is_done)

	def pump(self, held, is_there):
		"""Waits until all children are there, passes on what they say, and listens to the host."""
		while not all(is_there(child) for child in self.children):
			if clock() >= self.next_telemetry:
				self.tell_telemetry()
			busy = [child for child in self.children if not child.is_waiting and not child.is_done]
			actions = {self.agent.lines.fd: self.listen}
			for child in busy:
				actions.update({child.fd: functools.partial(self.hear, child, held), child.output_fd: child.read_output})
			until = min([self.next_telemetry] + [child.heard_at + self.timeout_s for child in busy])
			for fd in select.select(list(actions), [], [], max(0, until - clock()))[0]:
				actions[fd]()
			for child in busy:
				if clock() > child.heard_at + self.timeout_s and not (child.is_waiting or child.is_done):
					raise Failure("PROBE_TIMEOUT", "The model did not go on within %g s while it was %s." % (
						self.timeout_s, child.phase), phase=child.phase, output=child.output())

	def listen(self):
		lines = self.agent.lines
		lines.read()
		while lines.queue:
			message = lines.queue.pop(0)
			if message["type"] == "bye":
				raise Goodbye()
			if message["type"] == "run":
				self.agent.fail(Failure("BAD_REQUEST", "A run is under way."), message["id"])
			elif message["id"] == self.id:
				raise Cancelled()

	def hear(self, child, held):
		messages = child.read()
		if messages is None:
			output, status, phase = child.output(), child.end(), child.phase
			raise Failure("PROBE_CRASHED", "The library crashed (%s) while the model was %s." % (
				"signal %d" % -status if status < 0 else "status %d" % status, phase),
				phase=phase, status=status, output=output)
		for message in messages:
			kind = message["type"]
			if kind in ("progress", "samples", "trained"):
				child.phase = message.get("phase", child.phase)
				self.say(message)
			elif kind == "loaded":
				# A slow model is given more time than a fast one.
				self.timeout_s = max(self.timeout_s, 10 * message["firstNs"] / 1e9)
				held.append(message)
			elif kind == "ready":
				child.is_waiting = True
			elif kind == "done":
				child.is_done = True
			else:
				output = child.output()
				failure = classify(message["code"], message["message"], message["message"] + "\n" + output)
				if failure.code == message["code"]:
					failure.facts.update(message["facts"])
				failure.facts.update(phase=child.phase, output=output)
				raise failure

	def tell_telemetry(self):
		self.say(dict(self.agent.board.telemetry(), type="telemetry"))
		self.next_telemetry = clock() + self.request["telemetryIntervalMs"] / 1000.0

	def end_children(self):
		children, self.children = self.children, []
		for child in children:
			child.end()

class Agent:
	def __init__(self, source, sink, board):
		self.sink, self.board = sink, board
		self.lines = Lines(source, self.complain)
		self.tpus, self.usable, self.unusable = [], [], {}

	def say(self, message):
		try:
			write_all(self.sink, to_line(message))
		except BrokenPipeError:
			raise Goodbye()

	def fail(self, failure, run_id=None):
		message = {"type": "error", "code": failure.code, "message": failure.message[:4096], "facts": failure.facts}
		if run_id is not None:
			message["id"] = run_id
		self.say(message)

	def complain(self, problem):
		self.fail(Failure("BAD_REQUEST", "A line from the host cannot be understood: %s." % problem))

	def hello(self, timeout_s):
		answers = inspect(timeout_s)
		library, libraries, runtimes = answers["libedgetpu"], [], []
		for name, _ in RUNTIMES:
			answer = answers[name]
			usable = answer["type"] == "fine"
			detail = str(answer.get("detail") or answer.get("message"))[:1024]
			runtimes.append({"name": name, "version": answer.get("version"), "usable": usable, "detail": detail})
			if usable:
				self.usable.append(name)
			else:
				self.unusable[name] = detail
		if library["type"] == "fine":
			libraries.append({"name": "libedgetpu", "version": library["version"], "path": library["detail"]})
		self.tpus = library["devices"] if library["type"] == "fine" else self.board.tpus()
		# A test double says in its version what it is.
		self.is_simulated = any("simulated" in (answer.get("version") or "") for answer in answers.values())
		self.say({
			"type": "hello", "protocol": PROTOCOL, "agent": VERSION, "python": sys.version.split()[0],
			"board": self.board.facts(), "runtimes": runtimes, "libraries": libraries,
			"tpus": [{"index": index, "type": kind, "path": path, "usbMbps": self.board.number(path + "/speed")}
						for index, (kind, path) in enumerate(self.tpus)],
			"simulated": self.is_simulated, "clockMs": int(time.time() * 1000)})

	def serve(self):
		while True:
			if not self.lines.queue:
				self.lines.read()
				continue
			message = self.lines.queue.pop(0)
			if message["type"] == "bye":
				return
			if message["type"] == "run":
				self.run(message)

	def run(self, message):
		try:
			Run(self, check_run(message)).execute()
		except Failure as failure:
			self.fail(failure, message["id"])
		except OSError as error:
			self.fail(Failure(code_of(error), "%s." % error), message["id"])

def stop(_number, _frame):
	for number in SIGNALS:
		signal.signal(number, signal.SIG_IGN)
	raise Goodbye()

def main(arguments=None):
	parser = argparse.ArgumentParser()
	parser.add_argument("--root", default="")
	parser.add_argument("--board-model")
	parser.add_argument("--tflite-c", default=os.environ.get("MDT_TFLITE_C", ""))
	parser.add_argument("--hello-timeout-ms", type=int, default=8000)
	options = parser.parse_args(arguments)
	os.environ["MDT_TFLITE_C"] = options.tflite_c
	# Libraries print what they like on stdout: theirs is stderr from here on.
	sink = os.dup(1)
	os.dup2(2, 1)
	for number in SIGNALS:
		signal.signal(number, stop)
	agent = Agent(0, sink, Board(options.root.rstrip("/"), options.board_model))
	try:
		agent.hello(options.hello_timeout_ms / 1000.0)
		agent.serve()
	except Goodbye:
		pass
	except OSError as error:
		sys.stderr.write("mdt agent: %s\n" % error)
		return 74
	return 0

if __name__ == "__main__":
	sys.exit(main())
