import express from "express";
import pino from "pino";
import { basket } from "./basket.js";

const log = pino();
const app = express();

app.get("/", (_request, response) => {
  response.json({ shop: "Corner shop", items: basket() });
});

app.listen(3000, () => log.info("open on port 3000"));
