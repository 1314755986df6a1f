// sharp.mjs JOBS THREADS QUALITY: each line of JOBS is input, width, height, output, parted by tabs.
// SHARP_HOME is the folder that holds node_modules.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const sharp = createRequire(`${process.env.SHARP_HOME}/`)("sharp");
const [jobs, threads, quality] = process.argv.slice(2);
const lines = readFileSync(jobs, "utf8").trimEnd().split("\n").map((line) => line.split("\t"));

sharp.cache(false);
// Photos side by side first; threads left over work inside a photo.
sharp.concurrency(Math.max(1, Math.floor(Number(threads) / lines.length)));

let next = 0;
async function work() {
  while (next < lines.length) {
    const [source, width, height, output] = lines[next++];
    try {
      await sharp(source, { limitInputPixels: false })
        .autoOrient()
        .resize(Number(width), Number(height), { fit: "fill" })
        .keepIccProfile() // and no conversion to sRGB, which no other tool here does
        .jpeg({ quality: Number(quality), chromaSubsampling: "4:2:0" })
        .toFile(output);
    } catch (error) {
      console.error(source, String(error));
    }
  }
}
await Promise.all(Array.from({ length: Number(threads) }, work));
