// Packs folders as the original tools do, and prints the duration of each, so that the start of Node does not count.
// A line of the input is {"root": FOLDER, "files": [NAME, ...], "target": FILE}; a line of the output is the seconds,
// {"clock": NUMBER, "processors": NUMBER}.
"use strict";

const fs = require("fs");
const path = require("path");
const readline = require("readline");
const yazl = require("yazl");

function pack({ root, files, target }) {
  return new Promise((resolve, reject) => {
    const start = process.hrtime.bigint();
    const before = process.cpuUsage();
    const archive = new yazl.ZipFile();
    const output = fs.createWriteStream(target);
    archive.on("error", reject);
    output.on("error", reject);
    output.on("close", () => {
      const { user, system } = process.cpuUsage(before);
      resolve({ clock: Number(process.hrtime.bigint() - start) / 1e9, processors: (user + system) / 1e6 });
    });
    archive.outputStream.pipe(output);
    for (const name of files) archive.addFile(path.join(root, name), name);
    archive.end();
  });
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await pack(JSON.parse(line))));
  }
}

main();
