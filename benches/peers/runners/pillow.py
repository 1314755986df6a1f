"""pillow.py JOBS THREADS QUALITY: each line of JOBS is input, width, height, output, parted by tabs."""

import sys
from concurrent.futures import ThreadPoolExecutor

from PIL import Image, ImageOps

Image.MAX_IMAGE_PIXELS = None
jobs, threads, quality = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def shrink(line: str) -> None:
    source, width, height, output = line.rstrip("\n").split("\t")
    try:
        with Image.open(source) as image:
            # Pillow's own shrink-on-load; it picks the stored size that is at least the one asked for on both sides.
            longest = max(int(width), int(height))
            image.draft(None, (longest, longest))
            upright = ImageOps.exif_transpose(image).resize((int(width), int(height)), Image.Resampling.LANCZOS)
            profile = image.info.get("icc_profile")
        upright.save(output, "JPEG", quality=quality, subsampling="4:2:0", icc_profile=profile)
    except (OSError, ValueError) as error:
        print(source, error, file=sys.stderr)


with open(jobs, encoding="utf-8") as file, ThreadPoolExecutor(threads) as pool:
    list(pool.map(shrink, file))
