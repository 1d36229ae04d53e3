import { assert, assertEquals, assertThrows } from "@std/assert";
import { Circuit, CORNERS } from "./circuit.ts";

Deno.test("Circuit.pointAt() passes through the corners and closes the ring", () => {
  const circuit = new Circuit(CORNERS);
  assertEquals(circuit.pointAt(0), CORNERS[0]);
  assertEquals(circuit.pointAt(circuit.length), CORNERS[0]);
  for (const corner of CORNERS) {
    assert(circuit.outline.some(([x, y]) => x === corner[0] && y === corner[1]));
  }
});

Deno.test("Circuit.pointAt() moves a metre per metre, also across the start", () => {
  const circuit = new Circuit(CORNERS);
  for (let distance = -50; distance < circuit.length + 50; distance++) {
    const [ax, ay] = circuit.pointAt(distance);
    const [bx, by] = circuit.pointAt(distance + 1);
    const step = Math.hypot(bx - ax, by - ay);
    assert(step > 0.9 && step <= 1.000001, `${step} m at ${distance} m`);
  }
});

Deno.test("Circuit.pointAt() keeps its offset from the middle", () => {
  const circuit = new Circuit(CORNERS);
  for (let distance = 0; distance < circuit.length; distance += 25) {
    const [ax, ay] = circuit.pointAt(distance);
    const [bx, by] = circuit.pointAt(distance, 7);
    assertEquals(Math.round(Math.hypot(bx - ax, by - ay) * 1000), 7000);
  }
});

Deno.test("Circuit.pointAt() stays on the map of 1000 by 560 metres", () => {
  const circuit = new Circuit(CORNERS);
  for (let distance = 0; distance < circuit.length; distance += 5) {
    const [x, y] = circuit.pointAt(distance);
    assert(x > 25 && x < 975 && y > 25 && y < 535, `${x}, ${y}`);
  }
});

Deno.test("Circuit.speedAt() stays within what the engine and the brakes allow", () => {
  const circuit = new Circuit(CORNERS);
  for (let distance = 0; distance < circuit.length; distance += 10) {
    const gain = circuit.speedAt(distance + 10) ** 2 - circuit.speedAt(distance) ** 2;
    assert(gain < 2 * 9 * 11 && gain > -2 * 17 * 11, `${gain} at ${distance} m`);
    const speed = circuit.speedAt(distance);
    assert(speed > 10 && speed < 84.001, `${speed} at ${distance} m`);
  }
});

Deno.test("Circuit refuses fewer than four corners", () => {
  assertThrows(() => new Circuit(CORNERS.slice(0, 3)), RangeError, "there are 3");
});
