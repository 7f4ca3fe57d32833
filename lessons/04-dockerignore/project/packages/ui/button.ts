export const button = "ok";
