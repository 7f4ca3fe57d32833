import assert from "node:assert/strict";
import { test } from "node:test";
import { basket } from "../src/basket.js";

test("the basket is numbered from one", () => {
  assert.deepEqual(basket()[0], { number: 1, name: "bread" });
});
