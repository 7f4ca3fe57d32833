import { greet } from "shared";
console.log(greet("api"));
