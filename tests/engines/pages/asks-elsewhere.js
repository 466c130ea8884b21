import { showEach } from "./showing.js";

showEach(() => fetch("https://elsewhere.invalid/decoder.wasm").catch(() => undefined));
