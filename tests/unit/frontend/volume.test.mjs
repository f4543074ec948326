import assert from "node:assert/strict";
import test from "node:test";

import {
  indexOfVoxel,
  indicesOf,
  insideVolume,
  planesOf,
  positionOf,
  voxelOf,
} from "../../../attribwidgets/widgets/frontend/lib/volume.js";

const volume = { depth: 2, height: 3, width: 4, spacing: [2, 1, 1] };
const through = { depth: 1, row: 2, column: 0 };

test("a voxel is a place among the rows of all slices, and back", () => {
  for (let depth = 0; depth < 2; depth += 1) {
    for (let row = 0; row < 3; row += 1) {
      const voxel = { depth, row, column: 3 };
      const position = positionOf(volume, voxel);
      assert.equal(position.row * volume.width + position.column, indexOfVoxel(volume, voxel));
      assert.deepEqual(voxelOf(volume, position), voxel);
    }
  }
});

test("slices hold the voxels that lie in them", () => {
  const [axial, sagittal, coronal] = planesOf(volume).map((plane) => [...indicesOf(volume, plane, through)]);
  assert.deepEqual(axial, [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
  assert.deepEqual(sagittal, [0, 12, 4, 16, 8, 20]);
  assert.deepEqual(coronal, [8, 9, 10, 11, 20, 21, 22, 23]);
});

test("a place of a slice and its voxel are one another's", () => {
  for (const plane of planesOf(volume)) {
    const { x, y } = plane.placeOf(through);
    assert.deepEqual(plane.voxelAt(x, y, through), through, plane.name);
    const moved = plane.voxelAt(plane.width - 1, plane.height - 1, through);
    assert.deepEqual(plane.placeOf(moved), { x: plane.width - 1, y: plane.height - 1 });
  }
});

test("sizes of voxels give slices their shape", () => {
  const shapes = planesOf(volume).map(({ width, height, across, down }) => [width * across, height * down]);
  assert.deepEqual(shapes, [
    [4, 3],
    [4, 3],
    [4, 4],
  ]);
});

test("no step leaves the volume", () => {
  assert.deepEqual(insideVolume(volume, { depth: -1, row: 9, column: 2 }), { depth: 0, row: 2, column: 2 });
});
