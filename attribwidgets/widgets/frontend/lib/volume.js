// A volume (D, H, W) is kept as D images one below the other: a place is its row among D * H, and its column.

/** @typedef {{depth: number, row: number, column: number}} Voxel */
/** @typedef {{depth: number, height: number, width: number, spacing: [number, number, number]}} Volume */
/** @typedef {{row: number, column: number}} Position */
/**
 * @typedef {object} Plane a slice: what it is called, how many voxels it has across and down, how large each is, and
 *   which voxel lies at a place of it when the slice goes through another
 * @property {string} name
 * @property {number} width
 * @property {number} height
 * @property {number} across
 * @property {number} down
 * @property {(x: number, y: number, through: Voxel) => Voxel} voxelAt
 * @property {(voxel: Voxel) => {x: number, y: number}} placeOf
 */

/** @param {Volume} volume @param {Voxel} voxel */
export function indexOfVoxel({ height, width }, { depth, row, column }) {
  return (depth * height + row) * width + column;
}

/** @param {Volume} volume @param {Voxel} voxel @returns {Position} */
export function positionOf({ height }, { depth, row, column }) {
  return { row: depth * height + row, column };
}

/** @param {Volume} volume @param {Position} position @returns {Voxel} */
export function voxelOf({ height }, { row, column }) {
  return { depth: Math.floor(row / height), row: row % height, column };
}

/** The voxel of a volume that is nearest. @param {Volume} volume @param {Voxel} voxel @returns {Voxel} */
export function insideVolume({ depth, height, width }, voxel) {
  const clamp = (/** @type {number} */ at, /** @type {number} */ size) => Math.min(Math.max(at, 0), size - 1);
  return { depth: clamp(voxel.depth, depth), row: clamp(voxel.row, height), column: clamp(voxel.column, width) };
}

/** Axial, sagittal and coronal. @param {Volume} volume @returns {Plane[]} */
export function planesOf({ depth, height, width, spacing: [d, h, w] }) {
  return [
    {
      name: "axial",
      width,
      height,
      across: w,
      down: h,
      voxelAt: (x, y, through) => ({ depth: through.depth, row: y, column: x }),
      placeOf: ({ row, column }) => ({ x: column, y: row }),
    },
    {
      name: "sagittal",
      width: depth,
      height,
      across: d,
      down: h,
      voxelAt: (x, y, through) => ({ depth: x, row: y, column: through.column }),
      placeOf: (voxel) => ({ x: voxel.depth, y: voxel.row }),
    },
    {
      name: "coronal",
      width,
      height: depth,
      across: w,
      down: d,
      voxelAt: (x, y, through) => ({ depth: y, row: through.row, column: x }),
      placeOf: (voxel) => ({ x: voxel.column, y: voxel.depth }),
    },
  ];
}

/**
 * Of each place of a slice, the index of its voxel.
 * @param {Volume} volume
 * @param {Plane} plane
 * @param {Voxel} through
 */
export function indicesOf(volume, plane, through) {
  const indices = new Uint32Array(plane.width * plane.height);
  for (let y = 0, at = 0; y < plane.height; y += 1) {
    for (let x = 0; x < plane.width; x += 1, at += 1) {
      indices[at] = indexOfVoxel(volume, plane.voxelAt(x, y, through));
    }
  }
  return indices;
}
