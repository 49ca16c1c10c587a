// ONNX Runtime's side of a row of inference: node onnx_runtime.mjs FOLDER RESOLUTION BATCH THREADS, with model.onnx and
// images.f32 in FOLDER. It speaks the lines of bench/serve.hpp.
import {readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import ort from 'onnxruntime-node';

const [folder, resolution, batch, threads] =
    [process.argv[2], ...process.argv.slice(3).map((number) => parseInt(number))];

// The first images of the file, whose own buffer is not kept.
function images() {
  const bytes = readFileSync(join(folder, 'images.f32'));
  const count = batch * 3 * resolution * resolution;
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 4 * count));
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
