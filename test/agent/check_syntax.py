"""Complains about what Python 3.5 does not have: python3 check_syntax.py FILE. Silent if all is well."""

import ast
import sys

TOO_NEW = {
    "perf_counter_ns", "monotonic_ns", "time_ns", "process_time_ns", "ModuleNotFoundError", "fspath", "choices",
    "capture_output", "removeprefix", "removesuffix", "isascii", "fromisoformat", "breakpoint", "dataclasses",
    "contextvars", "secrets", "memfd_create", "posix_spawn", "pidfd_open", "nullcontext", "hex_separator",
}
NEW_ARGUMENTS = {"Popen": {"encoding", "errors", "text"}, "run": {"capture_output", "text", "encoding"}}
NODES = tuple(getattr(ast, name) for name in ("JoinedStr", "AnnAssign", "NamedExpr", "Match") if hasattr(ast, name))

with open(sys.argv[1], encoding="utf-8") as file:
    tree = ast.parse(file.read(), feature_version=(3, 5))
allowed = getattr(sys, "stdlib_module_names", None)
problems = []
for node in ast.walk(tree):
    line = getattr(node, "lineno", 0)
    if isinstance(node, NODES):
        problems.append((line, type(node).__name__))
    name = getattr(node, "attr", None) or getattr(node, "id", None)
    if name in TOO_NEW:
        problems.append((line, name))
    if isinstance(node, ast.Call):
        called = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
        problems += [(line, word.arg) for word in node.keywords if word.arg in NEW_ARGUMENTS.get(called, ())]
    if isinstance(node, ast.FunctionDef) and getattr(node.args, "posonlyargs", None):
        problems.append((line, "positional-only arguments"))
    if isinstance(node, (ast.Import, ast.ImportFrom)) and node.col_offset == 0 and allowed:
        names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        problems += [(line, name) for name in names if name.split(".")[0] not in allowed]
for line, what in problems:
    print("%s:%d: %s" % (sys.argv[1], line, what))
sys.exit(1 if problems else 0)
