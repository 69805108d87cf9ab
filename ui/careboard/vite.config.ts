// SPDX-License-Identifier: EUPL-1.2
import { defineConfig } from "vite";

export default defineConfig({
	base: "./",
	esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
	build: {
		outDir: process.env["CAREBOARD_OUT"] ?? "../../build/careboard",
		emptyOutDir: true,
		target: "es2022",
		// The page's policy lets nothing in from data: addresses.
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		reportCompressedSize: false,
	},
});
