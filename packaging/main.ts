// `npm run pack -- FOLDER`: the tarballs to publish (`npm publish FOLDER/NAME.tgz`), or to install where no registry has them.
import { packAll } from "./pack.ts";

for (const { file } of await packAll(process.argv[2] ?? "tarballs")) console.log(file);
