"""pillow.py JOBS THREADS QUALITY: each line of JOBS is input, width, height, output, parted by tabs."""

import sys
from concurrent.futures import ThreadPoolExecutor

from PIL import ExifTags, Image, ImageOps

Image.MAX_IMAGE_PIXELS = None
jobs, threads, quality = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def shrink(line: str) -> None:
    source, width, height, output = line.rstrip("\n").split("\t")
    try:
        with Image.open(source) as image:
            size = (int(width), int(height))
            # Shrink-on-load, to a size of at least the one asked for as the photo is stored: orientations 5 to 8 swap sides.
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
            image.draft(None, size[::-1] if turned else size)
            upright = ImageOps.exif_transpose(image).resize(size, Image.Resampling.LANCZOS)
            profile = image.info.get("icc_profile")
        upright.save(output, "JPEG", quality=quality, subsampling="4:2:0", icc_profile=profile)
    except (OSError, ValueError) as error:
        print(source, error, file=sys.stderr)


with open(jobs, encoding="utf-8") as file, ThreadPoolExecutor(threads) as pool:
    list(pool.map(shrink, file))
