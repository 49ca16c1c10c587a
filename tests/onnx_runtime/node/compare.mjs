// Runs exported models under ONNX Runtime: node compare.mjs FOLDER. FOLDER/cases.json lists them,
//   {"tolerance": 1e-4, "models": [{"name": NAME, "shape": [N, C, H, W], "classes": K}, ...]},
// and NAME.onnx, NAME.images and NAME.logits (raw float32, ours) lie beside it. Each model runs with all N images and
// with the first one alone. Prints a line for each model; the exit status is 1 where any differs by more than the
// tolerance, relative to the largest of our logits.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import ort from 'onnxruntime-node';

const folder = process.argv[2];

function floats(name) {
  const bytes = readFileSync(join(folder, name));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

// Ours against those of the first `count` images; the difference relative to the largest magnitude.
async function difference(session, images, shape, expected, classes, count) {
  const size = shape[1] * shape[2] * shape[3];
  const input = new ort.Tensor('float32', images.slice(0, count * size), [count, ...shape.slice(1)]);
  const {logits} = await session.run({images: input});
  if (logits.dims.length !== 2 || logits.dims[0] !== count || logits.dims[1] !== classes)
    throw new Error(`logits of ${logits.dims} instead of ${[count, classes]}`);
  let largest = 0, worst = 0;
  for (let i = 0; i < count * classes; ++i) {
    largest = Math.max(largest, Math.abs(expected[i]));
    const error = Math.abs(logits.data[i] - expected[i]);
    worst = Math.max(worst, Number.isNaN(error) ? Infinity : error);
  }
  return worst / largest;
}

async function check({name, shape, classes}, tolerance) {
  const session = await ort.InferenceSession.create(join(folder, name + '.onnx'), {intraOpNumThreads: 1});
  if (session.inputNames.join() !== 'images' || session.outputNames.join() !== 'logits')
    throw new Error(`from ${session.inputNames} to ${session.outputNames} instead of images to logits`);
  const images = floats(name + '.images'), expected = floats(name + '.logits');
  const errors = [];
  for (const count of [1, shape[0]])
    errors.push(await difference(session, images, shape, expected, classes, count));
  const same = errors.every((error) => error <= tolerance);
  const shown = errors.map((error) => error.toExponential(1)).join(' and ');
  console.log(`${name}: ${same ? 'agrees' : 'differs'} by ${shown} with 1 and ${shape[0]} images`);
  return same;
}

const {tolerance, models} = JSON.parse(readFileSync(join(folder, 'cases.json')));
for (const model of models) {
  try {
    if (!await check(model, tolerance)) process.exitCode = 1;
  } catch (error) {
    console.log(`${model.name}: ${error.message}`);
    process.exitCode = 1;
  }
}
