"""meter.py ANSWER COMMAND...: runs COMMAND and writes what the kernel counted for it and its children to ANSWER, as JSON.

A program of its own because the kernel counts a process's peak memory from before it turns into another program: measured
from the large process of the whole comparison, no tool could use less than that. It is run with -I -S and imports little,
so that the floor is about 10 MB; see `measure.py`.
"""

import os
import sys
import time


def main() -> int:
    answer, command = sys.argv[1], sys.argv[2:]
    start = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, used = os.wait4(child, 0)
    wall = time.monotonic() - start
    # Bytes on macOS, KiB elsewhere.
    peak = used.ru_maxrss // 1024 if sys.platform == "darwin" else used.ru_maxrss
    code = os.waitstatus_to_exitcode(status)
    with open(answer, "w", encoding="ascii") as file:
        cpu = used.ru_utime + used.ru_stime
        file.write(f'{{"cpu": {cpu:.6f}, "wall": {wall:.6f}, "peak_kib": {peak}, "code": {code}}}')
    return 0


if __name__ == "__main__":
    sys.exit(main())
