// Prints what the Khronos glTF validator says of files, as one JSON array on stdout.
//
//   node gltf_validator.mjs PACKAGE_FOLDER < list-of-files.json
//
// One start of node (0.1 s) serves many files. External resources are not read.
// A file that cannot be read, or is no glTF at all, gets {"error": "..."}.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const validator = createRequire(import.meta.url)(resolve(process.argv[2]));
const MAX_ISSUES = 1000;

async function report(file) {
  try {
    return await validator.validateBytes(new Uint8Array(readFileSync(file)), {
      maxIssues: MAX_ISSUES,
      writeTimestamp: false,
    });
  } catch (error) {
    return { error: String(error), validatorVersion: validator.version() };
  }
}

const reports = [];
for (const file of JSON.parse(readFileSync(0, 'utf8'))) reports.push(await report(file));
process.stdout.write(JSON.stringify(reports));
