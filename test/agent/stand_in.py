"""Runs the agent with a stand-in for the Edge TPU: python3 stand_in.py AGENT BEHAVIOUR [OPTION…]. Its times mean nothing."""

import ctypes
import importlib.util
import os
import signal
import sys

sys.dont_write_bytecode = True


def load_agent(path):
    spec = importlib.util.spec_from_file_location("agent", path)
    agent = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(agent)
    return agent


Call = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


class Registration(ctypes.Structure):
    _fields_ = [("init", ctypes.c_void_p), ("free", ctypes.c_void_p), ("prepare", Call), ("invoke", Call),
                ("profiling_string", ctypes.c_void_p), ("builtin_code", ctypes.c_int32),
                ("custom_name", ctypes.c_char_p), ("version", ctypes.c_int)]


class StandIn:
    """Plays the operator of Edge TPU models in the C library, in place of libedgetpu's delegate."""

    def __init__(self, agent, behaviour):
        self.behaviour, self.failure = behaviour, agent.Failure
        agent.Interpreter.use_tpu = lambda interpreter, options, _index: self.attach(interpreter.lib, options)
        agent.PROBES["libedgetpu"] = lambda: {
            "version": "simulated", "detail": "stand_in.py", "devices": [("pci", "simulated")]}
        for other in ("tflite_runtime", "edgetpu"):
            agent.PROBES[other] = self.refuse

    @staticmethod
    def refuse():
        raise ImportError("not with a stand-in")

    def attach(self, library, options):
        """Called in the measuring process, before a model is loaded."""
        if self.behaviour == "stalls":
            # As a delegate for a bad USB path does, only longer.
            signal.pause()
        if self.behaviour == "crashes":
            ctypes.string_at(0)
        if self.behaviour == "chatters":
            for fd in (1, 2):
                os.write(fd, b'{"type":"result"}\n\xff\x00garbage' + b"x" * 100000 + b"\n")
        if self.behaviour == "is-too-old":
            os.write(2, b"Package requires runtime version (14), which is newer than this runtime version (13).\n")
            raise self.failure("MODEL_FAILED", "TensorFlow Lite cannot prepare the model.")
        if self.behaviour == "does-not-fit":
            os.write(2, b"Internal: Unsupported data type in custom op handler: 0\n")
            raise self.failure("MODEL_FAILED", "TensorFlow Lite cannot prepare the model.")
        self.call = Call(lambda context, node: 0)
        self.registration = Registration(None, None, self.call, self.call, None, 32, b"edgetpu-custom-op", 1)
        add = library.TfLiteInterpreterOptionsAddCustomOp
        add.restype = None
        add.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32]
        add(options, b"edgetpu-custom-op", ctypes.addressof(self.registration), 1, 1)


if __name__ == "__main__":
    module = load_agent(sys.argv[1])
    StandIn(module, sys.argv[2])
    sys.exit(module.main(sys.argv[3:]))
