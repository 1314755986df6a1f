"""vips.py JOBS THREADS QUALITY: each line of JOBS is input, width, height, output, parted by tabs."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

jobs, threads, quality = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with open(jobs, encoding="utf-8") as file:
    lines = [line.rstrip("\n").split("\t") for line in file]
# Photos side by side first; threads left over work inside a photo. Read when the library is loaded.
os.environ["VIPS_CONCURRENCY"] = str(max(1, threads // len(lines)))

import pyvips  # noqa: E402

pyvips.cache_set_max(0)


def shrink(line: list[str]) -> None:
    source, width, height, output = line
    try:
        image = pyvips.Image.thumbnail(source, int(width), height=int(height), size="force")
        image.jpegsave(output, Q=quality, subsample_mode="on", keep="icc")
    except pyvips.Error as error:
        print(source, error, file=sys.stderr)


with ThreadPoolExecutor(threads) as pool:
    list(pool.map(shrink, lines))
