const items = ["bread", "milk", "apples"];

export function basket() {
  return items.map((name, number) => ({ number: number + 1, name }));
}
