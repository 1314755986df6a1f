"""What can be tested without any of the peers: `python3 -m unittest discover benches/peers/tests`."""

from __future__ import annotations

import math
import os
import runpy
import struct
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path
from unittest import mock

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from peers import plot, results, table  # noqa: E402
from peers.install import Failed, Programs, run  # noqa: E402
from peers.judge import Equal, Point, at_equal_score, bytes_at  # noqa: E402
from peers.measure import Figures, Settings, Workshop, measure, rehearse  # noqa: E402
from peers.photos import Frame, NotAJpeg, Photo, find, groups, read_frame, sampling, spread  # noqa: E402
from peers.tools import Tool  # noqa: E402


def jpeg(width: int, height: int, marker: int = 0xC0, factors: bytes = b"\x22\x11\x11", before: bytes = b"") -> bytes:
    """A JPEG as far as its frame header."""
    parts = b"".join(bytes([i, factor, 0]) for i, factor in enumerate(factors))
    body = struct.pack(">BHHB", 8, height, width, len(factors)) + parts
    return b"\xff\xd8" + before + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def photo(megapixels: float, progressive: bool = False, name: str = "secret") -> Photo:
    frame = Frame(round(megapixels * 1000), 1000, progressive, "4:2:0")
    return Photo(Path(f"/somewhere/{name}-{megapixels}-{progressive}.jpg"), frame, 1, 100, 50)


def sample() -> results.Results:
    """photofit at half of libvips's time, but with more memory on progressive photos and a lower score on one."""
    figures = {"photofit": Figures(1.0, 1.1, 50_000, 900, "4:2:0"), "libvips": Figures(2.0, 2.2, 60_000, 1000, "4:2:0")}
    heavy = {"photofit": Figures(1.0, 1.1, 90_000, 900, "gray"), "libvips": Figures(2.0, 2.2, 60_000, 1000, "4:2:0")}
    parts = {"baseline, up to 19 MP": results.Group(1, 12.0, figures, {"photofit": 91.0, "libvips": 90.0}),
             "progressive": results.Group(1, 24.0, heavy, {"photofit": 88.0, "libvips": 88.5})}
    found = results.Results("2026-01-02", "benches/peers/run FOLDER", "a processor", "a system", 90, 1, 3, 10_000_000,
                            {"photofit": "0.1.0", "libvips": "8.1"}, {"sharp": "npm is not installed"}, "libvips", parts)
    found.photos = [{"photo": "12.0 MP, baseline 4:2:0", "scores": {"photofit": 91.0, "libvips": 90.0}},
                    {"photo": "24.0 MP, progressive 4:2:0", "scores": {"photofit": 88.0, "libvips": 88.5}}]
    found.curves = {"photofit": results.Curve([80, 90], [0.5, 1.0], [85.0, 90.0]),
                    "libvips": results.Curve([80, 90], [0.6, 1.2], [84.0, 89.0])}
    found.equal = {"photofit": Equal(0.8, 2, 2), "libvips": Equal(1.0, 2, 2)}
    return found


class Photos(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def frame(self, data: bytes) -> Frame:
        path = self.folder / "a.jpg"
        path.write_bytes(data)
        return read_frame(path)

    def test_frames_are_read(self) -> None:
        exif = b"\xff\xe1" + struct.pack(">H", 8) + b"\xff\xc0\x00\x11\x08\x00"
        self.assertEqual(self.frame(jpeg(40, 30, before=exif)), Frame(40, 30, False, "4:2:0"))
        self.assertEqual(self.frame(jpeg(40, 30, 0xC2, b"\x21\x11\x11", b"\xff")), Frame(40, 30, True, "4:2:2"))
        self.assertEqual(self.frame(jpeg(40, 30, 0xC1, b"\x11")), Frame(40, 30, False, "gray"))

    def test_every_cut_is_no_jpeg(self) -> None:
        whole = jpeg(40, 30)
        for length in range(len(whole)):
            with self.assertRaises(NotAJpeg, msg=f"{length} bytes"):
                self.frame(whole[:length])

    def test_sampling_has_its_names(self) -> None:
        self.assertEqual(sampling([(2, 2), (2, 2), (2, 2)]), "4:4:4")
        self.assertEqual(sampling([(1, 2), (1, 1), (1, 1)]), "4:4:0")
        self.assertEqual(sampling([(1, 1), (2, 2), (2, 2)]), "1x1 2x2 2x2")
        self.assertEqual(sampling([(1, 1)] * 4), "1x1 1x1 1x1 1x1")

    def test_a_folder_and_a_file_in_it_give_each_photo_once(self) -> None:
        for name in ("b.JPG", "a.jpeg", "c.png"):
            (self.folder / name).touch()
        found = find([self.folder, self.folder / "b.JPG"])
        self.assertEqual([path.name for path in found], ["a.jpeg", "b.JPG"])

    def test_groups_by_size_and_coding(self) -> None:
        members = groups([photo(24, True), photo(48), photo(12), photo(39), photo(19.9)])
        self.assertEqual(list(members), ["baseline, up to 19 MP", "baseline, 20 to 39 MP", "baseline, 40 MP and more",
                                         "progressive"])
        self.assertEqual(len(members["baseline, 20 to 39 MP"]), 2)

    def test_a_few_photos_come_from_all_groups(self) -> None:
        photos = [photo(10 + number / 4) for number in range(20)] + [photo(24, True), photo(30)]
        few = spread(photos, 5)
        self.assertEqual(len(set(few)), 5)
        self.assertEqual(len(groups(few)), 3)
        self.assertEqual(len(spread(photos, 100)), 22)


class Scores(unittest.TestCase):
    def test_bytes_lie_on_the_logarithm(self) -> None:
        points = [Point(90, 400, 90.0), Point(70, 100, 80.0)]
        self.assertTrue(math.isclose(bytes_at(points, 85.0) or 0, 200))
        self.assertIsNone(bytes_at(points, 91.0))
        self.assertIsNone(bytes_at(points, 79.0))

    def test_ratios_are_geometric_and_tell_what_could_not_be_compared(self) -> None:
        base = [Point(80, 50, 70.0), Point(90, 100, 80.0)]
        curve = {Path("a"): {"libvips": base, "photofit": [Point(80, 25, 70.0), Point(90, 50, 80.0)]},
                 Path("b"): {"libvips": base, "photofit": [Point(80, 100, 70.0), Point(90, 200, 80.0)]},
                 Path("c"): {"libvips": base, "photofit": [Point(80, 10, 81.0), Point(90, 20, 82.0)]}}
        equal = at_equal_score(curve, "libvips", 90)
        self.assertAlmostEqual(equal["photofit"].ratio, 1.0)
        self.assertEqual((equal["photofit"].photos, equal["photofit"].of), (2, 3))


class Reports(unittest.TestCase):
    def test_losses_are_told(self) -> None:
        told = table.losses(sample())
        self.assertIn("peak memory, progressive: libvips takes 0.67 of photofit's", told)
        self.assertIn("mean SSIMULACRA2, progressive: higher with libvips by 0.50", told)
        self.assertIn("1 of 2 photos score lower than with libvips; most the one of 24.0 MP, progressive 4:2:0, by 0.50",
                      told)
        self.assertEqual(len(told), 3)

    def test_the_table_has_ratios_versions_and_reasons(self) -> None:
        text = table.block(sample(), "pictures")
        self.assertIn("| **photofit** | 2.00 (0.50) | 2.20 (0.50) | 92 (1.50) | 0.0 (0.90) | 89.50 | 0.80 | 4:2:0 |", text)
        self.assertIn("(pictures/speed.svg)", text)
        self.assertIn("sharp is missing: npm is not installed.", text)
        self.assertNotIn("secret", text)

    def test_json_comes_back_as_it_was(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            sample().save(Path(folder) / "results.json")
            self.assertEqual(results.load(Path(folder) / "results.json"), sample())

    def test_plots_are_xml_with_every_tool(self) -> None:
        for picture in (plot.speed(sample()), plot.quality(sample())):
            words = [element.text for element in xml.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]
            self.assertIn("photofit", words)
            self.assertIn("libvips", words)

    def test_a_document_is_refreshed_between_its_markers(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "README.md"
            path.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n", encoding="utf-8")
            for _ in range(2):
                table.refresh(path, "new")
                self.assertEqual(path.read_text(encoding="utf-8"),
                                 f"before\n{table.BEGIN}\n\nnew\n\n{table.END}\nafter\n")
            path.write_text("nothing\n", encoding="utf-8")
            with self.assertRaises(table.NoPlace):
                table.refresh(path, "new")

    def test_the_page_has_a_place_for_the_table(self) -> None:
        readme = (HERE.parent.parent / "docs/performance.md").read_text(encoding="utf-8")
        self.assertEqual((readme.count(table.BEGIN), readme.count(table.END)), (1, 1))

    def test_the_command_names_no_folder(self) -> None:
        command = runpy.run_path(str(HERE / "run"))["command_line"]
        told = command(["/home/me/p", "--rounds", "2", "--output", "/tmp/x", "--home=/y"], [Path("/home/me/p")])
        self.assertEqual(told, "benches/peers/run FOLDER --rounds 2")


class Running(unittest.TestCase):
    """The whole harness with stand-ins for the tools: one copies a file as its result, one fails."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        source = self.folder / "source.jpg"
        source.write_bytes(jpeg(100, 50))
        self.photo = Photo(source, read_frame(source), 1, 100, 50)
        self.shop = Workshop(self.folder / "run", Programs(self.folder, Path("photofit")))

    def tool(self, name: str, script: str) -> Tool:
        return Tool(name, name, name, lambda _programs, job: ["sh", "-c", script, str(job.inputs[0]), str(job.output)])

    def test_a_tool_that_fails_is_left_out_and_the_others_are_measured(self) -> None:
        copies = self.tool("copies", 'cp "$0" "$1"')
        fails = self.tool("fails", "echo out of ink >&2; exit 3")
        settings = Settings(1, 90, 2, 5000)
        with mock.patch("peers.measure.say"):
            tools, photos = rehearse(self.shop, [copies, fails], [self.photo], settings)
            self.assertEqual((tools, photos), ([copies], [self.photo]))
            self.assertIn("out of ink", self.shop.programs.missing["fails"])
            figures = measure(self.shop, tools, groups(photos), settings)["baseline, up to 19 MP"]["copies"]
        self.assertEqual((figures.bytes, figures.sampling), (len(jpeg(100, 50)), "4:2:0"))
        self.assertTrue(0 < figures.wall < math.inf)
        self.shop.close()
        self.assertFalse((self.folder / "run").exists())
        self.assertTrue(self.photo.path.exists())

    def test_the_meter_counts_children_and_its_floor_is_low(self) -> None:
        hold = f'{sys.executable} -I -S -c "x = bytearray([1]) * 64_000_000; print(len(x) + sum(range(3_000_000)))"'
        answer = self.shop.run(self.tool("holds", f"{hold}; true"), [self.photo], "photos", Settings(1, 90, 1, 5000))
        self.assertGreater(answer["peak_kib"], 60_000)
        self.assertGreater(answer["cpu"], 0.01)
        light = self.shop.run(self.tool("light", "true"), [self.photo], "photos", Settings(1, 90, 1, 5000))
        self.assertLess(light["peak_kib"], 30_000)

    def test_what_fails_says_why(self) -> None:
        with self.assertRaisesRegex(Failed, "ended with 2: error: no disk"):
            run(["sh", "-c", "echo error: no disk >&2; echo more >&2; exit 2"], self.folder / "log")
        with self.assertRaisesRegex(Failed, "No such file"):
            run([self.folder / "missing"], Path(os.devnull))


if __name__ == "__main__":
    unittest.main()
