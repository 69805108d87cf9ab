// SPDX-License-Identifier: EUPL-1.2
import { render } from "preact";

import { resume } from "./session";
import "./view/tokens.css";
import { App } from "./view/App";

const page = document.querySelector(".page");
if (page) {
	resume();
	render(<App />, page);
}
