"""Makes stand-ins for Python packages of boards below a folder: python3 legacy_runtime.py FOLDER. Their times mean nothing."""

import os
import sys

FILES = {
    # edgetpu of Mendel 2 and 3: `RunInference` until 1.9, `run_inference` from 2.0 on.
    "edgetpu/__init__.py": "__version__ = '1.9.2 simulated'\n",
    "edgetpu/basic/__init__.py": "",
    "edgetpu/basic/basic_engine.py": """
import numpy


class BasicEngine:
    def __init__(self, path, device_path=None):
        with open(path, "rb") as file:
            if b"is-too-old" in file.read():
                raise RuntimeError("Package requires runtime version (14), which is newer than this runtime version (13).")
        self.device_path = device_path

    def get_input_tensor_shape(self):
        return numpy.array([1, 2, 2, 3])

    def RunInference(self, data):
        assert data.shape == (12,) and data.dtype == numpy.uint8, data
        return 0.1, numpy.arange(4, dtype=numpy.float32)
""",
    # What pycoral's imprinting needs.
    "pycoral/__init__.py": "",
    "pycoral/learn/__init__.py": "",
    "pycoral/learn/imprinting/__init__.py": "",
    "pycoral/learn/imprinting/engine.py": """
class ImprintingEngine:
    def __init__(self, path, keep_classes=False):
        assert not keep_classes
        self.trained = []

    def serialize_extractor_model(self):
        return b"extractor"

    def train(self, embedding, class_id):
        assert embedding.shape == (4,) and abs(embedding[0] - 0.5 * (3 - 1)) < 1e-9, embedding
        self.trained.append(class_id)

    def serialize_model(self):
        assert self.trained == [at // 20 for at in range(200)], self.trained
        return b"model"
""",
    "pycoral/utils/__init__.py": "",
    "pycoral/utils/edgetpu.py": """
import numpy


class Interpreter:
    def allocate_tensors(self):
        pass

    def get_input_details(self):
        return [{"index": 1, "shape": numpy.array([1, 2, 2, 3])}]

    def get_output_details(self):
        return [{"index": 2, "quantization": (0.5, 1)}]

    def set_tensor(self, index, image):
        assert index == 1 and image.shape == (1, 2, 2, 3) and image.dtype == numpy.uint8

    def invoke(self):
        pass

    def get_tensor(self, index):
        assert index == 2
        return numpy.array([[3, 0, 1, 255]], numpy.uint8)


def make_interpreter(model, device=None):
    assert model == b"extractor" and device == "pci:0", (model, device)
    return Interpreter()
""",
}

for name, content in FILES.items():
    path = os.path.join(sys.argv[1], name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(content)
