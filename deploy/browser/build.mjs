// Copies the page, ONNX Runtime's WebAssembly and an export into one folder, which is served as it is.
//
//   npm install --no-package-lock && npm run build -- EXPORT FOLDER
//
// EXPORT is a folder such as build/run/exports/pet_mood/1763900000/onnx; FOLDER is made anew.

import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const PAGE = ["index.html", "style.css", "app.js", "preprocessing.js", "locating.js"];
const RUNTIME = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];
const EXPORT = ["model.onnx", "labels.json", "preprocessing.json"];
const LOCATOR = "locator.onnx"; // Of a model that has one.

const [source, target] = process.argv.slice(2).map((path) => resolve(process.env.INIT_CWD ?? ".", path));
const runtime = join(HERE, "node_modules", "onnxruntime-web", "dist");
check(target, "Name the folder of an export and the folder of the page: npm run build -- EXPORT FOLDER");
for (const name of EXPORT) {
  check(existsSync(join(source, name)), `EXPORT must be a folder with ${EXPORT.join(", ")}. Received: ${source}, without ${name}`);
}
if (existsSync(join(source, LOCATOR))) EXPORT.push(LOCATOR);
check(existsSync(join(runtime, RUNTIME[0])), "onnxruntime-web must be installed: npm install --no-package-lock");
check(!existsSync(target) || existsSync(join(target, "sw.js")), `FOLDER must be new, or a page of before. Received: ${target}`);

const partial = `${target}.partial`;
rmSync(partial, { recursive: true, force: true });
mkdirSync(partial, { recursive: true });
for (const name of PAGE) copyFileSync(join(HERE, name), join(partial, name));
for (const name of RUNTIME) copyFileSync(join(runtime, name), join(partial, name));
for (const name of EXPORT) copyFileSync(join(source, name), join(partial, name));
const files = [...PAGE, ...RUNTIME, ...EXPORT];
const digest = createHash("sha256");
for (const name of files) digest.update(readFileSync(join(partial, name)));
const worker = readFileSync(join(HERE, "sw.js"), "utf-8")
  .replace("VERSION_OF_THE_BUILD", digest.digest("hex").slice(0, 16))
  .replace("[] /* FILES */", JSON.stringify(["./", ...files]));
writeFileSync(join(partial, "sw.js"), worker);
rmSync(target, { recursive: true, force: true });
renameSync(partial, target);
console.log(`Made ${target}. Serve it, for example: python -m http.server --directory ${target}`);

function check(holds, message) {
  if (holds) return;
  console.error(message);
  process.exit(2);
}
