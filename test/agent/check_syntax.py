"""Complains about what Python 3.5 does not have: python3 check_syntax.py FILE. Silent if all is well.

No interpreter of 3.5 can be had where the tests run. So the grammar is that of 3.5, as far as `ast` knows it, and
modules, names and arguments that came later are known by lists. What only a run on 3.5 would show is not found.
"""

import ast
import sys

# Modules, and names of attributes and functions, that came after 3.5.
NEW_MODULES = {
    "contextvars", "dataclasses", "graphlib", "importlib.metadata", "importlib.resources", "secrets", "tomllib",
    "zoneinfo", "concurrent.interpreters", "compression", "annotationlib"}
TOO_NEW = {
    "perf_counter_ns", "monotonic_ns", "time_ns", "process_time_ns", "thread_time", "thread_time_ns", "clock_gettime_ns",
    "ModuleNotFoundError", "EncodingWarning", "BaseExceptionGroup", "ExceptionGroup", "aiter", "anext", "breakpoint",
    "fspath", "PathLike", "getrandom", "posix_spawn", "pidfd_open", "memfd_create", "register_at_fork", "preadv", "pwritev",
    "waitstatus_to_exitcode", "copy_file_range", "eventfd", "unshare", "setns", "process_cpu_count", "choices", "randbytes",
    "binomialvariate", "tau", "prod", "isqrt", "dist", "comb", "perm", "lcm", "nextafter", "ulp", "cbrt", "exp2", "sumprod",
    "fmean", "geometric_mean", "quantiles", "multimode", "NormalDist", "cached_property", "cache", "singledispatchmethod",
    "nullcontext", "AsyncExitStack", "aclosing", "removeprefix", "removesuffix", "isascii", "bit_count",
    "fromisoformat", "strsignal", "raise_signal", "valid_signals", "pidfd_send_signal", "excepthook", "get_native_id",
    "unraisablehook", "pairwise", "batched", "addaudithook", "audit", "orig_argv",
    "stdlib_module_names", "Protocol", "TypedDict", "Final", "Literal", "blake2b",
    "scrypt", "file_digest", "shake_128", "sha3_256",
}
NEW_ARGUMENTS = {
    "Popen": {"encoding", "errors", "text", "user", "group", "umask", "process_group"},
    "run": {"capture_output", "text", "encoding", "errors"}, "check_output": {"text", "encoding", "errors"},
    "add_subparsers": {"required"}, "ArgumentParser": {"exit_on_error"}, "hex": {"sep"},
    "TemporaryDirectory": {"ignore_cleanup_errors"}, "sum": {"start"}, "pow": {"base", "exp", "mod"}, "zip": {"strict"},
}
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
    # What numpy calls so is its own.
    if name in TOO_NEW and getattr(getattr(node, "value", None), "id", None) != "numpy":
        problems.append((line, name))
    if isinstance(node, ast.Call):
        called = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
        problems += [(line, word.arg) for word in node.keywords if word.arg in NEW_ARGUMENTS.get(called, ())]
    if isinstance(node, ast.FunctionDef) and getattr(node.args, "posonlyargs", None):
        problems.append((line, "positional-only arguments"))
    if isinstance(node, (ast.Import, ast.ImportFrom)) and node.col_offset == 0 and allowed:
        names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        problems += [(line, name) for name in names if name.split(".")[0] not in allowed]
    imported = [node.module or ""] if isinstance(node, ast.ImportFrom) else (
        [alias.name for alias in node.names] if isinstance(node, ast.Import) else [])
    problems += [(line, name) for name in imported if name in NEW_MODULES]
    # In 3.5 json.loads takes no bytes: what is given has to be text that can be seen here.
    if isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "loads":
        is_decoded = isinstance(node.args[0], ast.Call) and getattr(node.args[0].func, "attr", None) == "decode"
        problems += [] if is_decoded else [(line, "json.loads of what may be bytes")]
    if isinstance(node, (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith)):
        problems.append((line, "async, whose rules changed"))
for line, what in problems:
    print("%s:%d: %s" % (sys.argv[1], line, what))
sys.exit(1 if problems else 0)
