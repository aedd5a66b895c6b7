#!/usr/bin/env python3
"""gil.py: Python's interpreter lock, on pixels.

Python interprets under one lock. A thread that runs bytecode holds it; the others wait. Threads
therefore do not make a loop over pixels faster, and the hand-over costs a little.

A C function called through ctypes can do better. CDLL gives the lock back before the call and takes
it again afterwards: other threads run meanwhile, in Python or in C. PyDLL keeps it: that is meant
for functions that use Python's objects, and it makes threads wait for each other in C as in Python.

Two tasks on the same picture: count how often each level occurs, and Sobel's edges. The C functions
are parpix's (core/lesson_work.c, in libparpix.so); the Python ones compute the same. Each thread
takes a band of rows. C is too fast for one picture to show more than the start of the threads, so a
run in C does the picture several times, and its time is that of one.

    gil.py [--library build/libparpix.so] [--threads 2] [--size 1024x1024] [--repeat 10] [--json FILE]

Prints its table, or writes it as JSON for `parpix lesson python`. Exit 3: something is missing here.
"""

import argparse
import json
import math
import os
import random
import resource
import sys
import threading
import time

LEVELS = 256
COUNTS, EDGES = 20, 2  # pictures in a run in C
SKIPPED = 3


# ---- The tasks in Python. A band is the rows [y0, y1) of a picture (width, height, pixels). ----


def count_in_python(picture, y0, y1, counts):
    width, _, pixels = picture
    for value in pixels[y0 * width : y1 * width]:
        counts[value] += 1


def edges_in_python(picture, y0, y1, out):
    width, height, pixels = picture
    for y in range(y0, y1):
        above, here, below = (
            pixels[row * width : (row + 1) * width]
            for row in (max(y - 1, 0), y, min(y + 1, height - 1))
        )
        for x in range(width):
            left, right = max(x - 1, 0), min(x + 1, width - 1)
            a, b, c, d = above[left], above[right], below[left], below[right]
            gx = b + 2 * here[right] + d - a - 2 * here[left] - c
            gy = c + 2 * below[x] + d - a - 2 * above[x] - b
            square = gx * gx + gy * gy
            out[y * width + x] = 255 if square > 65025 else math.isqrt(square)


# ---- The tasks in C ----


def open_library(path, lock_held):
    """CDLL gives the interpreter's lock back during a call, PyDLL keeps it."""
    library = (ctypes.PyDLL if lock_held else ctypes.CDLL)(path)
    library.ppx_lesson_levels.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    library.ppx_lesson_levels.restype = None
    library.ppx_lesson_edges.argtypes = [ctypes.c_void_p] + 4 * [ctypes.c_ssize_t] + [ctypes.c_void_p]
    library.ppx_lesson_edges.restype = None
    return library


def address(buffer):
    return ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer))


def count_in_c(library):
    def count(picture, y0, y1, counts):
        width, _, pixels = picture
        found = bytearray(8 * LEVELS)
        start = address(pixels) + y0 * width
        for _ in range(COUNTS):
            library.ppx_lesson_levels(start, (y1 - y0) * width, address(found))
        for value, n in enumerate(memoryview(found).cast("Q")):
            counts[value] += n // COUNTS

    return count


def edges_in_c(library):
    def edges(picture, y0, y1, out):
        width, height, pixels = picture
        rows = address(out) + y0 * width
        for _ in range(EDGES):
            library.ppx_lesson_edges(address(pixels), width, height, y0, y1 - y0, rows)

    return edges


# ---- Threads ----


def in_threads(nthreads, work, height):
    """work(k, y0, y1) for each band, by threads of its own; one band by the caller alone."""
    bands = [(k, height * k // nthreads, height * (k + 1) // nthreads) for k in range(nthreads)]
    if nthreads == 1:
        work(*bands[0])
        return
    threads = [threading.Thread(target=work, args=band) for band in bands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def count_all(function, picture, nthreads):
    """Each thread counts for itself: counts[v] += 1 by several is a race here as well."""
    counts = [[0] * LEVELS for _ in range(nthreads)]
    in_threads(nthreads, lambda k, y0, y1: function(picture, y0, y1, counts[k]), picture[1])
    return [sum(column) for column in zip(*counts)]


def edges_all(function, picture, nthreads):
    out = bytearray(len(picture[2]))
    in_threads(nthreads, lambda k, y0, y1: function(picture, y0, y1, out), picture[1])
    return out


# ---- Measuring ----


def usage():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime, u.ru_stime, u.ru_nvcsw + u.ru_nivcsw


def differences(a, b):
    return sum(x != y for x, y in zip(a, b)) if a != b else 0


def attempt(name, runs, pictures, wanted, task):
    """One row of the table: the medians of `runs` runs, each of `pictures` pictures."""
    samples, wrong = [], []
    for _ in range(runs):
        before, start = usage(), time.perf_counter()
        found = task()
        seconds, after = time.perf_counter() - start, usage()
        samples.append([s / pictures for s in (seconds, after[0] - before[0], after[1] - before[1])])
        samples[-1].append(after[2] - before[2])
        wrong.append(differences(found, wanted) if wanted else 0)
    seconds, cpu, system, switches = sorted(samples)[runs // 2]
    row = {
        "variant": name,
        "kind": "correct",
        "runs": runs,
        "wrong_runs": sum(w > 0 for w in wrong),
        "most_wrong": max(wrong),
        "seconds": seconds,
        "cpu_seconds": cpu,
        "system_seconds": system,
        "switches": switches,
    }
    return row, found


def thread_counts(most):
    counts = {1, most}
    while 2 * max(counts - {most}) < most:
        counts.add(2 * max(counts - {most}))
    return sorted(counts)


def teach(task, whole, ways, picture, nthreads, repeat):
    """The rows of one task. ways: (name, function, pictures a run); the first is the reference."""
    rows, wanted = [], None
    for name, function, pictures in ways:
        runs = repeat if pictures > 1 else max(1, repeat // 10)  # Python is slow
        alone = None
        for n in thread_counts(nthreads) if pictures > 1 else (1, nthreads):
            title = f"{task}, {name}, {n} thread{'s' * (n > 1)}"
            row, found = attempt(title, runs, pictures, wanted, lambda: whole(function, picture, n))
            if wanted is None:
                wanted = found
                row["kind"] = "serial"
            alone = alone or row["seconds"]
            row["times_serial"] = (rows or [row])[0]["seconds"] / row["seconds"]
            row["extra"] = {"by threads": alone / row["seconds"]}
            rows.append(row)
    return rows


def lesson(library, width, height, nthreads, repeat):
    released, held = open_library(library, False), open_library(library, True)
    picture = (width, height, bytearray(random.Random(1).randbytes(width * height)))
    rows = []
    for task, whole, python, c, pictures in (
        ("count", count_all, count_in_python, count_in_c, COUNTS),
        ("edges", edges_all, edges_in_python, edges_in_c, EDGES),
    ):
        ways = (
            ("Python", python, 1),
            ("C, lock held", c(held), pictures),
            ("C, lock released", c(released), pictures),
        )
        rows += teach(task, whole, ways, picture, nthreads, repeat)
    text = f"  Python {sys.version.split()[0]}; serial is the same task in Python by one thread. "
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        text += "This Python runs without the lock. "
    return {
        "lesson": "python",
        "threads": nthreads,
        "ranks": 1,
        "width": width,
        "height": height,
        "wrong_is": "counts or pixels other than Python's",
        "rows": rows,
        "extra": ["by threads"],
        "text": text + f"C: time of one picture of {COUNTS} (count), {EDGES} (edges).\n",
    }


# ---- The command ----


def show(part):
    print(f"{part['width']} x {part['height']} pixels")
    print(f"{'variant':36} {'result':8} {'time':>12} {'Python/t':>10} {'by threads':>10}")
    for row in part["rows"]:
        result = "WRONG" if row["wrong_runs"] else "right"
        print(
            f"{row['variant']:36} {result:8} {1e3 * row['seconds']:9.2f} ms"
            f" {row['times_serial']:9.1f}x {row['extra']['by threads']:9.2f}x"
        )
    print("\n" + part["text"], end="")


def size(text):
    width, height = (int(word) for word in text.split("x"))
    if width < 1 or height < 1:
        raise ValueError
    return width, height


def at_least_one(text):
    if int(text) < 1:
        raise ValueError
    return int(text)


def main():
    here = os.path.dirname(os.path.realpath(__file__))
    built = os.path.join(here, "..", "..", "build", "libparpix.so")
    parser = argparse.ArgumentParser(description="Python's interpreter lock, on pixels")
    parser.add_argument("--library", default=os.path.normpath(built))
    parser.add_argument("--threads", type=at_least_one, default=2)
    parser.add_argument("--size", type=size, default=(1024, 1024))
    parser.add_argument("--repeat", type=at_least_one, default=10)
    parser.add_argument("--json")
    asked = parser.parse_args()
    try:
        part = lesson(asked.library, *asked.size, asked.threads, asked.repeat)
    except OSError as error:  # no such library, or for another machine
        print(error)
        return SKIPPED
    if asked.json:
        with open(asked.json, "w", encoding="utf-8") as file:
            json.dump(part, file)
    else:
        show(part)
    return 0


try:
    import ctypes
except ImportError:
    print("this Python has no ctypes; install python3")
    sys.exit(SKIPPED)

if __name__ == "__main__":
    sys.exit(main())
