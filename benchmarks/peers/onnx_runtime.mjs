// ONNX Runtime's side of a row of inference: node onnx_runtime.mjs FOLDER RESOLUTION BATCH THREADS, with model.onnx and
// images.f32 in FOLDER. It speaks the lines of bench/serve.hpp.
import {closeSync, openSync, readSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import ort from 'onnxruntime-node';

const [folder, resolution, batch, threads] =
    [process.argv[2], ...process.argv.slice(3).map((number) => parseInt(number))];

// The first images of the file: reading all of them would count as memory.
function images() {
  const pixels = new Float32Array(batch * 3 * resolution * resolution);
  const file = openSync(join(folder, 'images.f32'));
  if (readSync(file, pixels) !== pixels.byteLength) throw new Error('images.f32 is too short');
  closeSync(file);
  return pixels;
}

const session = await ort.InferenceSession.create(join(folder, 'model.onnx'), {
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3,
});
const feeds = {images: new ort.Tensor('float32', images(), [batch, 3, resolution, resolution])};
let logits;

const answers = {
  async run(times) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < times; ++i) ({logits} = await session.run(feeds));
    return Number(process.hrtime.bigint() - start) / 1e6;
  },
  async output(file) {
    writeFileSync(file, logits.data);
    return true;
  },
};

const {version} = createRequire(import.meta.url)('onnxruntime-node/package.json');
console.log(JSON.stringify({name: `ONNX Runtime ${version}`}));
for await (const line of createInterface({input: process.stdin})) {
  const [command, argument] = line.split(' ');
  console.log(JSON.stringify(await answers[command](argument)));
}
