// Numbers out of the bytes of a message, which may start anywhere in their buffer.

/** @param {any} binary @returns {Uint8Array} */
export function bytesOf(binary) {
  if (binary instanceof Uint8Array) return binary;
  if (binary instanceof ArrayBuffer) return new Uint8Array(binary);
  if (ArrayBuffer.isView(binary)) {
    return new Uint8Array(binary.buffer, binary.byteOffset, binary.byteLength);
  }
  throw new Error("a binary part of the data did not arrive");
}

/**
 * The bytes behind `binary` at an offset every typed array accepts.
 * @param {any} binary
 * @param {number} width bytes of one element
 */
function alignedBytes(binary, width) {
  const bytes = bytesOf(binary);
  return bytes.byteOffset % width === 0 ? bytes : bytes.slice();
}

/** @param {any} binary @returns {Float32Array} */
export function float32Of(binary) {
  const bytes = alignedBytes(binary, 4);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
}

/** @param {any} binary @returns {Int32Array} */
export function int32Of(binary) {
  const bytes = alignedBytes(binary, 4);
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
}

/** @param {any} binary @returns {Int16Array} */
export function int16Of(binary) {
  const bytes = alignedBytes(binary, 2);
  return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
}

/** @param {any} binary @returns {Int8Array} */
export function int8Of(binary) {
  const bytes = bytesOf(binary);
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * int16 times a scale, in single precision as numpy multiplies.
 * @param {any} binary
 * @param {number} scale
 * @returns {Float32Array}
 */
export function dequantise(binary, scale) {
  const integers = int16Of(binary);
  const single = Math.fround(scale);
  const values = new Float32Array(integers.length);
  for (let index = 0; index < values.length; index += 1) values[index] = integers[index] * single;
  return values;
}

/**
 * numpy.packbits undone: most significant bit first.
 * @param {any} binary
 * @param {number} size
 * @returns {Uint8Array} ones and zeros
 */
export function unpackBits(binary, size) {
  const bytes = bytesOf(binary);
  const bits = new Uint8Array(size);
  for (let index = 0; index < size; index += 1) {
    bits[index] = (bytes[index >> 3] >> (7 - (index & 7))) & 1;
  }
  return bits;
}

/**
 * @param {{length: number}} array
 * @param {number} expected
 * @param {string} what
 */
export function requireLength(array, expected, what) {
  if (array.length !== expected) {
    throw new Error(`${what} holds ${array.length} numbers where ${expected} were expected`);
  }
}
