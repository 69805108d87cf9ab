// SPDX-License-Identifier: EUPL-1.2
/** All of model/ by one name: what its tests are bundled from. */
export * from "./model/acts";
export * from "./model/decode";
export * from "./model/hearing";
export * from "./model/order";
export * from "./model/rest";
export * from "./model/search";
export * from "./model/state";
export * from "./model/types";
export * from "./model/year";
export * from "./words/words";
