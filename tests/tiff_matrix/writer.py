"""A picture as TIFF files of every kind of pixel, each tag chosen by hand (TIFF 6.0): what other programs start from."""

import colorsys
import math
import struct
import zlib

WIDTH, HEIGHT = 141, 93

SHORT, LONG, RATIONAL, FLOAT, DOUBLE, LONG8 = 3, 4, 5, 11, 12, 16
SIZES = {1: 1, 2: 1, SHORT: 2, LONG: 4, RATIONAL: 8, 7: 1, FLOAT: 4, DOUBLE: 8, LONG8: 8}


def picture():
    """Rows of RGB from 0 to 1: a sweep of hues, a gradient, grays, and saturated patches with sharp edges."""
    rows = []
    for y in range(HEIGHT):
        row = []
        for x in range(WIDTH):
            u, v = x / (WIDTH - 1), y / (HEIGHT - 1)
            if v < 0.3:
                pixel = colorsys.hsv_to_rgb(u * 0.99, 1.0, 1.0)
            elif v < 0.55:
                pixel = colorsys.hsv_to_rgb((u * 3) % 1.0, 0.6, 0.3 + 0.7 * u)
            elif v < 0.75:
                shade = u if x // 9 % 5 else 1 - u
                pixel = (shade, shade, shade)
            else:
                patches = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1), (1, 0, 1), (0, 0, 0), (1, 1, 1)]
                pixel = patches[(x // 11 + y // 8) % 8]
            row.append(pixel)
        rows.append(row)
    return rows


def alpha(x, y):
    """How opaque a pixel is, 0 to 1: a disc that fades."""
    away = math.hypot(x - WIDTH / 2, y - HEIGHT / 2) / (WIDTH / 2)
    return min(1.0, max(0.0, 1.4 - away))


def gray(pixel):
    return 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]


def dithered(rows):
    """Grays of 1 bit by an ordered pattern, so that a fax has runs of all lengths."""
    pattern = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]
    return [[float(gray(p) * 16 > pattern[y // 2 % 4][x // 3 % 4] + 0.5) for x, p in enumerate(row)] for y, row in enumerate(rows)]


class Writer:
    """Packs samples, given as numbers from 0 to 1 or as whole numbers, into the strips or tiles of a TIFF."""

    def __init__(self, big_endian=False, big=False):
        self.order = ">" if big_endian else "<"
        self.big = big

    def pack(self, values, bits, kind="uint"):
        """A row of whole numbers as bytes."""
        if kind == "float":
            code = {16: "e", 32: "f", 64: "d"}[bits]
            return struct.pack(f"{self.order}{len(values)}{code}", *values)
        if bits == 8:
            return bytes(v & 255 for v in values)
        if bits in (16, 32, 64):
            code = {16: "H", 32: "I", 64: "Q"}[bits]
            return struct.pack(f"{self.order}{len(values)}{code}", *(v & (1 << bits) - 1 for v in values))
        if bits == 24:
            order = "big" if self.order == ">" else "little"
            return b"".join(v.to_bytes(3, order) for v in values)
        out, held, count = bytearray(), 0, 0
        for v in values:
            held, count = held << bits | v, count + bits
            while count >= 8:
                count -= 8
                out.append(held >> count & 255)
        if count:
            out.append(held << (8 - count) & 255)
        return bytes(out)

    def file(self, tags, chunks, tiled=False):
        """The file of these tags {tag: (type, [values])} and strips or tiles."""
        word = 8 if self.big else 4
        out = bytearray(b"MM" if self.order == ">" else b"II")
        out += struct.pack(self.order + ("HHHQ" if self.big else "HI"), *((43, 8, 0, 0) if self.big else (42, 0)))
        places = []
        for chunk in chunks:
            places.append(len(out))
            out += chunk + b"\0" * (len(chunk) % 2)
        offsets, counts = (0x0144, 0x0145) if tiled else (0x0111, 0x0117)
        tags = dict(tags)
        tags[offsets] = (LONG, places)
        tags[counts] = (LONG, [len(c) for c in chunks])
        at = len(out)
        entries, extra = b"", b""
        behind = at + (8 if self.big else 2) + len(tags) * (4 + 2 * word) + word
        for tag, (kind, values) in sorted(tags.items()):
            if isinstance(values, bytes):
                body, count = values, len(values)
            else:
                codes = {1: "B", SHORT: "H", LONG: "I", FLOAT: "f", DOUBLE: "d", LONG8: "Q"}
                if kind == RATIONAL:
                    body = b"".join(struct.pack(self.order + "II", int(round(v * 10000)), 10000) for v in values)
                else:
                    body = struct.pack(f"{self.order}{len(values)}{codes[kind]}", *values)
                count = len(values)
            entries += struct.pack(self.order + ("HHQ" if self.big else "HHI"), tag, kind, count)
            if len(body) <= word:
                entries += body.ljust(word, b"\0")
            else:
                entries += struct.pack(self.order + ("Q" if self.big else "I"), behind + len(extra))
                extra += body + b"\0" * (len(body) % 2)
        out += struct.pack(self.order + ("Q" if self.big else "H"), len(tags)) + entries + b"\0" * word + extra
        struct.pack_into(self.order + ("Q" if self.big else "I"), out, 8 if self.big else 4, at)
        return bytes(out)

    def image(self, rows, bits, photometric, *, planar=False, tile=None, strip=None, kind="uint", extra=(), tags=None,
              deflate=False, spread=1):
        """The file of rows of pixels, each a list of whole numbers (or numbers with a point)."""
        height, width, n = len(rows), len(rows[0]), len(rows[0][0])
        side = {"uint": 1, "int": 2, "float": 3}[kind]
        all_tags = {
            0x0100: (LONG, [width]), 0x0101: (LONG, [height]), 0x0102: (SHORT, [bits] * n),
            0x0103: (SHORT, [8 if deflate else 1]), 0x0106: (SHORT, [photometric]), 0x0115: (SHORT, [n]),
            0x011C: (SHORT, [2 if planar else 1]),
        }
        if side != 1:
            all_tags[0x0153] = (SHORT, [side] * n)
        if extra:
            all_tags[0x0152] = (SHORT, list(extra))
        cw, ch = (tile, tile) if tile else (width, strip or height)
        if tile:
            all_tags |= {0x0142: (LONG, [tile]), 0x0143: (LONG, [tile])}
        else:
            all_tags[0x0116] = (LONG, [ch])
        all_tags |= tags or {}
        chunks = []
        for plane in range(n) if planar else [None]:
            for top in range(0, height, ch):
                for left in range(0, width, cw):
                    body = b""
                    for y in range(top, top + ch):
                        if not tile and y >= height:
                            break
                        values = []
                        for x in range(left, left + cw):
                            pixel = rows[min(y, height - 1)][min(x, width - 1)]
                            values += pixel if plane is None else [pixel[plane]]
                        body += self.pack(values, bits, kind)
                    chunks.append(zlib.compress(body) if deflate else body)
        return self.file(all_tags, chunks, bool(tile))

    def ycbcr(self, rows, across, down, *, tile=None, strip=None, coefficients=None, reference=None, deflate=False):
        """The file of rows of RGB (0 to 1) as YCbCr whose chroma is shared by `across` × `down` pixels."""
        kr, kg, kb = coefficients or (0.299, 0.587, 0.114)
        y0, y1, b0, b1, r0, r1 = reference or (0, 255, 128, 255, 128, 255)
        height, width = len(rows), len(rows[0])

        def code(value, black, white, span):
            return min(255, max(0, int(round(value * (white - black) / span + black))))

        def chunk(left, top, cw, ch):
            body = bytearray()
            for uy in range(top, top + ch, down):
                for ux in range(left, left + cw, across):
                    unit = []
                    for dy in range(down):
                        for dx in range(across):
                            unit.append(rows[min(uy + dy, height - 1)][min(ux + dx, width - 1)])
                    lumas = [kr * r + kg * g + kb * b for r, g, b in unit]
                    red = sum(p[0] for p in unit) / len(unit)
                    blue = sum(p[2] for p in unit) / len(unit)
                    luma = sum(lumas) / len(lumas)
                    body += bytes(code(v * 255, y0, y1, 255) for v in lumas)
                    body.append(code((blue - luma) / (2 - 2 * kb) * 255, b0, b1, 127))
                    body.append(code((red - luma) / (2 - 2 * kr) * 255, r0, r1, 127))
            return bytes(body)

        tags = {
            0x0100: (LONG, [width]), 0x0101: (LONG, [height]), 0x0102: (SHORT, [8, 8, 8]),
            0x0103: (SHORT, [8 if deflate else 1]), 0x0106: (SHORT, [6]), 0x0115: (SHORT, [3]), 0x011C: (SHORT, [1]),
            0x0212: (SHORT, [across, down]),
        }
        if coefficients:
            tags[0x0211] = (RATIONAL, list(coefficients))
        if reference:
            tags[0x0214] = (RATIONAL, list(reference))
        if tile:
            tags |= {0x0142: (LONG, [tile]), 0x0143: (LONG, [tile])}
            places = [(x, y, tile, tile) for y in range(0, height, tile) for x in range(0, width, tile)]
        else:
            strip = strip or height
            tags[0x0116] = (LONG, [strip])
            places = [(0, y, width, min(strip, height - y)) for y in range(0, height, strip)]
        chunks = [chunk(*place) for place in places]
        if deflate:
            chunks = [zlib.compress(c) for c in chunks]
        return self.file(tags, chunks, bool(tile))
