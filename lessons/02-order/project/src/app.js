const express = require("express");
const { greet } = require("./util");
express().get("/", (_, res) => res.send(greet("shop"))).listen(8080);
